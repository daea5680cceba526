package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// index answers which cause stops which cell. A report says it twice, in its
// cells and in its causes; what either of them says holds.
type index struct {
	cells  map[string]Cell
	causes map[string][]Cause // by the id of a cell
	lost   []Cause            // those that stop no cell of the report
	base   *Base              // nil if there is no comparison
}

func newIndex(r Report) index {
	x := index{cells: map[string]Cell{}, causes: map[string][]Cause{}}
	if r.Base != nil && r.Base.Missing == "" {
		x.base = r.Base
	}
	for _, c := range r.Cells {
		x.cells[c.ID] = c
	}
	for _, cause := range r.Causes {
		stopped := x.victims(r, cause)
		for _, id := range stopped {
			x.causes[id] = append(x.causes[id], cause)
		}
		if len(stopped) == 0 {
			x.lost = append(x.lost, cause)
		}
	}
	return x
}

// victims lists the cells of the report that a cause stops, in their order.
func (x index) victims(r Report, cause Cause) []string {
	stopped := map[string]bool{}
	for _, id := range cause.Cells {
		stopped[id] = true
	}
	var ids []string
	for _, c := range r.Cells {
		if stopped[c.ID] || cause.ID != "" && slices.Contains(c.Causes, cause.ID) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// outcome is how a cause compares with the base: new if it stops any cell that the
// base had not, already broken if it stops only such as were. It is empty where
// that is not known.
func (x index) outcome(c Cause) result.Outcome {
	known := len(c.Cells) > 0
	for _, id := range c.Cells {
		switch x.cells[id].outcome() {
		case result.NewFailure:
			return result.NewFailure
		case result.AlreadyBroken:
		default:
			known = false
		}
	}
	if known {
		return result.AlreadyBroken
	}
	return ""
}

// ordered lists all causes with the cells that they stop, and one for each cell that
// failed for none. What is new comes first, what was there before last.
func (x index) ordered(r Report) []Cause {
	var list []Cause
	for _, c := range r.Causes {
		c.Cells = x.victims(r, c)
		list = append(list, c)
	}
	for _, c := range r.Cells {
		if c.Status.NeedsAttention() && len(x.causes[c.ID]) == 0 {
			list = append(list, unexplained(c))
		}
	}
	order := []result.Outcome{result.NewFailure, "", result.AlreadyBroken}
	slices.SortStableFunc(list, func(a, b Cause) int {
		return cmp.Compare(slices.Index(order, x.outcome(a)), slices.Index(order, x.outcome(b)))
	})
	return list
}

// worst returns the cell that says most about a place of several.
func worst(cells []Cell) Cell {
	return slices.MaxFunc(cells, func(a, b Cell) int {
		return cmp.Compare(a.Status.Severity(), b.Status.Severity())
	})
}

// badPhase names the phase that a cell ended with: the last that did not pass.
func badPhase(c Cell) string {
	for _, p := range slices.Backward(c.Phases) {
		if !p.Status.OK() {
			return p.Name
		}
	}
	return ""
}

// duration is the time spent on a cell, all phases together, in seconds.
func (c Cell) duration() float64 {
	total := 0.0
	for _, p := range c.Phases {
		total += p.Duration
	}
	return total
}

// noSubject is how titles of evaluation errors begin: what does not evaluate is
// for the sink to say.
const noSubject = "does not "

// Headline is the title as a sentence of its own.
func (c Cause) Headline() string {
	rest, open := strings.CutPrefix(c.Title, noSubject)
	if !open {
		return cmp.Or(c.Title, strings.TrimSpace(string(c.Kind)+" failure"))
	}
	switch n := len(c.Cells); {
	case n == 0:
		return "the flake does not " + rest
	case n == 1:
		return c.Cells[0] + " does not " + rest
	case n <= inlineCells:
		return and(c.Cells) + " do not " + rest
	default:
		return fmt.Sprintf("%d cells do not %s", n, rest)
	}
}
