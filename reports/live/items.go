package live

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// item is one thing of the lists, which can be moved to and looked into.
type item struct {
	key string // stays the same while it is there
	// One of these is set.
	fault    *fault
	builder  *builder
	activity *activity
}

// failing lists what has failed.
func (b *board) failing() []item {
	var list []item
	for _, f := range b.faults {
		list = append(list, item{key: f.id, fault: f})
	}
	return list
}

// going lists what runs: builders, and phases of cells other than building. A
// cell that builds is listed only while no builder runs, for then Nix fetches, or
// waits for a lock.
func (b *board) going() []item {
	var list []item
	for _, x := range b.builders {
		list = append(list, item{key: "builder:" + x.drv + x.since.String(), builder: x})
	}
	for _, a := range b.running {
		if strings.HasPrefix(a.phase, string(result.PhaseBuild)) && len(b.builders) > 0 && a.again == "" {
			continue
		}
		list = append(list, item{key: "phase:" + a.cell.ID, activity: a})
	}
	return list
}

// goingOn is what a line says of something that runs.
type goingOn struct {
	name, phase, took, note string
	warn                    bool // about the note
}

func (b *board) describe(i item, p plan) goingOn {
	if x := i.builder; x != nil {
		g := goingOn{
			name: clean.Clean(nix.DrvName(x.drv)), phase: "build", took: clock(x.elapsed(b.now())),
			note: strings.TrimSpace(logLine(x.log.last())),
		}
		if !x.silent.IsZero() {
			g.note, g.warn = "nothing heard for "+clock(b.now().Sub(x.silent)), true
		}
		return g
	}
	a := i.activity
	g := goingOn{name: clean.Clean(a.cell.ID), phase: clean.Clean(a.phase), took: clock(b.now().Sub(a.since))}
	if estimate, known := p.of(a.cell.ID, a.phase); known {
		g.note = "of about " + clock(estimate)
	}
	if a.again != "" {
		g.note, g.warn = "once more: "+clean.Clean(a.again), true
	}
	return g
}

// elapsed is for how long a builder has run.
func (x *builder) elapsed(now time.Time) time.Duration {
	if x.ended {
		return x.took
	}
	return now.Sub(x.since)
}

// The most cells that are named behind what stops them.
const mostVictims = 3

// words are what failed and which cells that stops.
func (f *fault) words() (title, victims string) {
	cause := f.cause
	cause.Cells = f.cells
	title = clean.Clean(view.Headline(cause))
	cells := f.cells
	more := ""
	if len(cells) > mostVictims {
		more = fmt.Sprintf(" and %d more", len(cells)-mostVictims)
		cells = cells[:mostVictims]
	}
	if slices.ContainsFunc(f.cells, func(id string) bool { return !strings.Contains(title, clean.Clean(id)) }) {
		victims = "blocks " + clean.Clean(strings.Join(cells, ", ")) + more
	}
	return title, victims
}

// sign is the mark of a cause: that of the cells that it stops. What the machine
// could not do has another than what is wrong in the flake.
func (b *board) sign(f *fault) string {
	for _, id := range f.cells {
		if b.cells[id].result.Status != result.Error {
			return "✘"
		}
	}
	return "!"
}
