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
	cells  map[string]result.Cell
	causes map[string][]result.Cause // by the id of a cell
	lost   []result.Cause            // those that stop no cell of the report
	base   *result.Base              // nil if there is no comparison
}

func newIndex(r result.Report) index {
	x := index{cells: map[string]result.Cell{}, causes: map[string][]result.Cause{}}
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
func (x index) victims(r result.Report, cause result.Cause) []string {
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
func (x index) outcome(c result.Cause) result.Outcome {
	known := len(c.Cells) > 0
	for _, id := range c.Cells {
		switch x.cells[id].Outcome() {
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
func (x index) ordered(r result.Report) []result.Cause {
	var list []result.Cause
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
	slices.SortStableFunc(list, func(a, b result.Cause) int {
		return cmp.Compare(slices.Index(order, x.outcome(a)), slices.Index(order, x.outcome(b)))
	})
	return list
}

// worst returns the cell that says most about a place of several.
func worst(cells []result.Cell) result.Cell {
	return slices.MaxFunc(cells, func(a, b result.Cell) int {
		return cmp.Compare(a.Status.Severity(), b.Status.Severity())
	})
}

// noSubject is how titles of evaluation errors begin: what does not evaluate is
// for the sink to say.
const noSubject = "does not "

// Headline is the title as a sentence of its own.
func Headline(c result.Cause) string {
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
