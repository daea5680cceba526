package live

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/reports/progress"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// item is an entry of the lists, which the user can select and open.
type item struct {
	key string // stays the same while it is listed
	// Exactly one of these is set.
	fault    *fault
	builder  *progress.Builder
	activity *progress.Activity
}

// failing lists what failed.
func (b *board) failing() []item {
	var list []item
	for _, f := range b.faults {
		list = append(list, item{key: f.id, fault: f})
	}
	return list
}

// going lists what is running: builders, and phases other than building. It lists a building cell
// only while that has no builder, which means that Nix is fetching or waiting for a lock.
func (b *board) going() []item {
	var list []item
	for _, x := range b.Builders {
		list = append(list, item{key: "builder:" + x.Drv + x.Since.String(), builder: x})
	}
	for _, a := range b.Running {
		if a.Phase.Kind == result.PhaseBuild && len(b.Builders) > 0 && a.Retry == "" {
			continue
		}
		list = append(list, item{key: "phase:" + a.Cell.ID, activity: a})
	}
	return list
}

// goingOn is the line of something that is running.
type goingOn struct {
	name, phase, took, note string
	warn                    bool // the note is a warning
}

func (b *board) describe(i item, p plan) goingOn {
	if x := i.builder; x != nil {
		g := goingOn{
			name: clean.Clean(x.Name()), phase: "build", took: clock(x.Elapsed(b.now())),
			note: strings.TrimSpace(logLine(x.Log.Last())),
		}
		if !x.Silent.IsZero() {
			g.note, g.warn = "no output for "+clock(b.now().Sub(x.Silent)), true
		}
		return g
	}
	a := i.activity
	g := goingOn{name: clean.Clean(a.Cell.ID), phase: clean.Clean(a.Name()), took: clock(b.now().Sub(a.Since))}
	if estimate, known := p.of(a.Cell.ID, a.Name()); known {
		g.note = "of about " + clock(estimate)
	}
	if a.Retry != "" {
		g.note, g.warn = "retrying: "+clean.Clean(a.Retry), true
	}
	return g
}

// maxVictims is how many cells to name for a fault.
const maxVictims = 3

// words returns what failed and which cells it blocks.
func (f *fault) words() (title, victims string) {
	cause := f.cause
	cause.Cells = f.cells
	title = clean.Clean(view.Headline(cause))
	cells := f.cells
	more := ""
	if len(cells) > maxVictims {
		more = fmt.Sprintf(" and %d more", len(cells)-maxVictims)
		cells = cells[:maxVictims]
	}
	if slices.ContainsFunc(f.cells, func(id string) bool { return !strings.Contains(title, clean.Clean(id)) }) {
		victims = "blocks " + clean.Clean(strings.Join(cells, ", ")) + more
	}
	return title, victims
}

// sign returns the sign of the cells that a fault blocks, which differs for faults of the
// machine and of the flake.
func (b *board) sign(f *fault) string {
	for _, id := range f.cells {
		if b.Cells[id].Status != result.Error {
			return "✘"
		}
	}
	return "!"
}
