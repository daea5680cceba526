package html

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// timeline is the timeline. Places and lengths are in percent of the whole, so
// that zooming is a matter of the whole's width.
type timeline struct {
	Label string
	Works []work
	Ticks []tick
	Kinds []string // of phases that there are
	Bad   bool     // some did not pass
}

// work is a kind of work with its bars.
type work struct {
	Name   string
	Lanes  string // how many, in words
	Height int
	Bars   []bar
}

// bar is a phase of a cell.
type bar struct {
	Cell        int
	X, Width    string
	Y           int
	Kind, Title string
	Text        string // empty where there is no room for it
	Bad, Thin   bool
}

// tick is a moment that the axis names, from a zoom on.
type tick struct {
	X, Text string
	Zoom    int
}

const (
	laneHeight  = 20  // pixels
	mostZoom    = 32  // times the width of the page
	ticksAcross = 12  // at most so many ticks in one width
	leastBar    = 0.3 // percent; a bar that is shorter is drawn with an outline, to be seen
	leastLabel  = 0.1 // percent; a bar that is shorter has no room for text at any zoom
)

// time is nil for a report of which no phase has a time.
func (m *maker) time() *timeline {
	s := view.NewTimeline(m.report)
	if s.Length <= 0 {
		return nil
	}
	t := &timeline{Ticks: ticks(s.Length)}
	kinds, phases := map[string]bool{}, 0
	for _, w := range s.Tracks {
		if len(w.Spans) == 0 {
			continue
		}
		work := work{Name: w.Name, Height: w.Lanes * laneHeight, Lanes: view.Count(w.Lanes, "lane")}
		for _, one := range w.Spans {
			bar := m.bar(one, s.Length)
			kinds[bar.Kind] = true
			t.Bad = t.Bad || bar.Bad
			work.Bars = append(work.Bars, bar)
		}
		phases += len(work.Bars)
		t.Works = append(t.Works, work)
	}
	if phases == 0 {
		return nil
	}
	for _, kind := range []string{"eval", "build", "boot", "check", "activate", "other"} {
		if kinds[kind] {
			t.Kinds = append(t.Kinds, kind)
		}
	}
	t.Label = fmt.Sprintf("%s in %s", view.Count(phases, "phase"), view.Seconds(s.Length))
	return t
}

func (m *maker) bar(s view.Span, length float64) bar {
	percent := (s.End - s.Start) / length * 100
	bar := bar{
		Cell: m.numbers[s.Cell.ID], Kind: phaseKind(s.Phase), Bad: s.Phase.Status.NeedsAttention(),
		X: fraction(s.Start / length * 100), Width: fraction(percent), Y: s.Lane*laneHeight + 1,
		Title: fmt.Sprintf("%s %s: %s, %s from +%s", s.Cell.ID, s.Phase.Name, s.Phase.Status, view.Seconds(s.End-s.Start), view.Seconds(s.Start)),
	}
	if s.Phase.Waiting > 0 {
		bar.Title += fmt.Sprintf(", %s of it waiting", view.Seconds(s.Phase.Waiting))
	}
	bar.Thin = percent < leastBar
	if percent > leastLabel {
		bar.Text = s.Cell.ID
		if s.InMachine() {
			bar.Text += " " + s.Phase.Name.String()
		}
		bar.Text = view.Fit(bar.Text, 60)
	}
	return bar
}

// phaseKind is the word for a phase's colour.
func phaseKind(p result.Phase) string {
	switch p.Name.Kind {
	case result.PhaseEval, result.PhaseBuild, result.PhaseBoot, result.PhaseCheck, result.PhaseActivate:
		return string(p.Name.Kind)
	}
	return "other"
}

// ticks lists round moments. Each zoom shows all of those before, since every
// step is a multiple of the next smaller.
func ticks(length float64) []tick {
	steps := []float64{0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600, 7 * 24 * 3600, 1e9 * 7 * 24 * 3600}
	var list []tick
	seen := map[string]bool{}
	for zoom := 1; zoom <= mostZoom; zoom *= 2 {
		i := 0
		for length/steps[i] > float64(ticksAcross*zoom) {
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

// clock writes a moment of a run as short as it can be said.
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

// fraction writes percents, no finer than a screen can show.
func fraction(percent float64) string {
	text := strconv.FormatFloat(percent, 'f', 4, 64)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}
