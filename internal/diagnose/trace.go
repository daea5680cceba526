package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
)

// maxFrames is enough of a trace to show how evaluation got into the flake's own files.
const maxFrames = 12

// trace returns the lines of a trace that help the flake's owner, innermost first: those in the
// flake's own files, and those that name what a module was evaluating. The others are counted
// where they are left out. Where a library throws something of its own, the place is the first
// line.
func trace(e *nixlog.EvalError) []string {
	var t traceWriter
	for i, f := range e.Frames {
		switch {
		case f.Where != "" && f.Where == e.Place.String() && len(t.lines) == 0:
			// The cause shows this place already.
		case i == 0 && !f.Own() && f.Text == "" && e.Module == nil:
			t.add(f)
		case f.Useful() && t.shown < maxFrames:
			t.add(f)
		default:
			t.fold(f)
		}
	}
	if t.shown == 0 {
		return nil // only counts
	}
	t.flush()
	return t.lines
}

type traceWriter struct {
	lines  []string
	shown  int
	where  string         // of the last line
	folded map[string]int // frames left out since then, by the input
}

func (t *traceWriter) add(f nixlog.Frame) {
	line := strings.Trim(f.Where+": "+firstLine(f.Text), ": ")
	switch {
	case f.Where != "" && f.Where == t.where && len(t.folded) == 0:
		return // what one line of the source does, step by step
	case slices.Contains(t.lines, line):
		return // a recursion repeats its frames
	}
	t.flush()
	t.lines, t.where = append(t.lines, line), f.Where
	t.shown++
}

// fold counts a frame that has a place.
func (t *traceWriter) fold(f nixlog.Frame) {
	if f.Where == "" {
		return
	}
	if t.folded == nil {
		t.folded = map[string]int{}
	}
	switch {
	case f.Own():
		t.folded["the flake"]++
	case f.Input == "":
		t.folded["other files"]++
	default:
		t.folded[f.Input]++
	}
}

// flush writes how many frames were left out.
func (t *traceWriter) flush() {
	n, names := 0, []string{}
	for name, count := range t.folded {
		n += count
		names = append(names, name)
	}
	t.folded = nil
	if n == 0 {
		return
	}
	slices.Sort(names)
	in := fmt.Sprintf("%d inputs", len(names))
	if len(names) <= 3 {
		in = strings.Join(names, ", ")
	}
	t.lines = append(t.lines, fmt.Sprintf("… %s in %s", english.Plural(n, "frame", ""), in))
}
