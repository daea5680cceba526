package html

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// timeline is the timeline on the page. Positions and lengths are in percent of its width, so
// that a wider timeline is a zoomed one.
type timeline struct {
	Label  string
	Tracks []track
	Ticks  []tick
	Kinds  []string // the kinds of phases in it
	Bad    bool     // some phases did not pass
}

// track is one kind of work with its bars.
type track struct {
	Name   string
	Lanes  string // their number, in words
	Height int
	Bars   []bar
}

// bar is a phase of a cell.
type bar struct {
	Cell        int
	X, Width    string
	Y           int
	Kind, Title string
	Text        string // empty if it does not fit
	Bad, Thin   bool
}

// tick is a time on the axis, shown from a zoom on.
type tick struct {
	X, Text string
	Zoom    int
}

const (
	laneHeight = 20  // pixels
	maxZoom    = 32  // times the width of the page
	maxTicks   = 12  // in the width of the page
	minBar     = 0.3 // percent; a shorter bar gets an outline to stay visible
	minLabel   = 0.1 // percent; a shorter bar has no room for text at any zoom
)

// timeline makes the timeline, nil if no phase has a time.
func (b *builder) timeline() *timeline {
	v := view.NewTimeline(b.report)
	if v.Length <= 0 {
		return nil
	}
	line := &timeline{Ticks: ticks(v.Length)}
	kinds, phases := map[string]bool{}, 0
	for _, t := range v.Tracks {
		if len(t.Spans) == 0 {
			continue
		}
		shown := track{Name: t.Name, Height: t.Lanes * laneHeight, Lanes: view.Count(t.Lanes, "lane")}
		for _, s := range t.Spans {
			bar := b.bar(s, v.Length)
			kinds[bar.Kind] = true
			line.Bad = line.Bad || bar.Bad
			shown.Bars = append(shown.Bars, bar)
		}
		phases += len(shown.Bars)
		line.Tracks = append(line.Tracks, shown)
	}
	if phases == 0 {
		return nil
	}
	for _, kind := range []string{"eval", "build", "boot", "check", "activate", "other"} {
		if kinds[kind] {
			line.Kinds = append(line.Kinds, kind)
		}
	}
	line.Label = fmt.Sprintf("%s in %s", view.Count(phases, "phase"), view.FormatSeconds(v.Length))
	return line
}

// bar makes a bar on a timeline of a length in seconds.
func (b *builder) bar(s view.Span, length float64) bar {
	percent := (s.End - s.Start) / length * 100
	bar := bar{
		Cell: b.numbers[s.Cell.ID], Kind: phaseKind(s.Phase), Bad: s.Phase.Status.NeedsAttention(),
		X: fraction(s.Start / length * 100), Width: fraction(percent), Y: s.Lane*laneHeight + 1,
		Title: fmt.Sprintf("%s %s: %s, %s from +%s", s.Cell.ID, s.Phase.Name, s.Phase.Status, view.FormatSeconds(s.End-s.Start), view.FormatSeconds(s.Start)),
	}
	if s.Phase.Waiting > 0 {
		bar.Title += fmt.Sprintf(", %s of it waiting", view.FormatSeconds(s.Phase.Waiting))
	}
	if on := view.BuiltOn(s.Phase); on != "" {
		bar.Title += ", built on " + on
	}
	bar.Thin = percent < minBar
	if percent > minLabel {
		bar.Text = s.Cell.ID
		if s.InMachine() {
			bar.Text += " " + s.Phase.Name.String()
		}
		bar.Text = view.Fit(bar.Text, 60)
	}
	return bar
}

// phaseKind returns the word for the color of a phase.
func phaseKind(p result.Phase) string {
	switch p.Name.Kind {
	case result.PhaseEval, result.PhaseBuild, result.PhaseBoot, result.PhaseCheck, result.PhaseActivate:
		return string(p.Name.Kind)
	}
	return "other"
}

// ticks lists round times. A zoom keeps all ticks of a smaller zoom, since every step is a
// multiple of the next smaller one.
func ticks(length float64) []tick {
	steps := []float64{0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600, 7 * 24 * 3600, 1e9 * 7 * 24 * 3600}
	var list []tick
	seen := map[string]bool{}
	for zoom := 1; zoom <= maxZoom; zoom *= 2 {
		i := 0
		for length/steps[i] > float64(maxTicks*zoom) {
			i++
		}
		for n := 0.0; n*steps[i] < length; n++ {
			x := fraction(n * steps[i] / length * 100)
			if !seen[x] {
				seen[x] = true
				list = append(list, tick{X: x, Text: clock(n * steps[i]), Zoom: zoom})
			}
		}
	}
	return list
}

// clock writes a time since the start of the run as briefly as possible.
func clock(seconds float64) string {
	whole := int64(math.Round(seconds))
	switch {
	case math.Abs(seconds-float64(whole)) > 0.01:
		return strconv.FormatFloat(seconds, 'f', 1, 64) + "s"
	case whole < 60:
		return fmt.Sprintf("%ds", whole)
	case whole < 3600:
		return fmt.Sprintf("%d:%02d", whole/60, whole%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", whole/3600, whole%3600/60, whole%60)
}

// fraction writes a percentage, no finer than a screen can show.
func fraction(percent float64) string {
	text := strconv.FormatFloat(percent, 'f', 4, 64)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}
