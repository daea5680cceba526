package view

import (
	"cmp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// Index answers which cause stops which cell. A report says it twice, in its
// cells and in its causes; what either of them says holds.
type Index struct {
	cells      map[string]result.Cell
	Causes     map[string][]result.Cause // by the id of a cell
	Unassigned []result.Cause            // those that stop no cell of the report
	Base       *result.Base              // nil if there is no comparison
}

func NewIndex(r result.Report) Index {
	x := Index{cells: map[string]result.Cell{}, Causes: map[string][]result.Cause{}}
	if r.Base != nil && r.Base.Missing == "" {
		x.Base = r.Base
	}
	for _, c := range r.Cells {
		x.cells[c.ID] = c
	}
	for _, cause := range r.Causes {
		stopped := x.CellsOf(r, cause)
		for _, id := range stopped {
			x.Causes[id] = append(x.Causes[id], cause)
		}
		if len(stopped) == 0 {
			x.Unassigned = append(x.Unassigned, cause)
		}
	}
	return x
}

// CellsOf lists the cells of the report that a cause stops, in their order.
func (x Index) CellsOf(r result.Report, cause result.Cause) []string {
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

// Outcome is how a cause compares with the base: new if it stops any cell that the
// base had not, already broken if it stops only such as were. It is empty where
// that is not known.
func (x Index) Outcome(c result.Cause) result.Outcome {
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

// Ordered lists all causes with the cells that they stop, and one for each cell that
// failed for none. What is new comes first, what was there before last.
func (x Index) Ordered(r result.Report) []result.Cause {
	var list []result.Cause
	for _, c := range r.Causes {
		c.Cells = x.CellsOf(r, c)
		list = append(list, c)
	}
	for _, c := range r.Cells {
		if c.Status.NeedsAttention() && len(x.Causes[c.ID]) == 0 {
			list = append(list, unexplained(c))
		}
	}
	order := []result.Outcome{result.NewFailure, "", result.AlreadyBroken}
	slices.SortStableFunc(list, func(a, b result.Cause) int {
		return cmp.Compare(slices.Index(order, x.Outcome(a)), slices.Index(order, x.Outcome(b)))
	})
	return list
}

// Age says whether a cause is new, and since when its cells have failed, as far as
// that is known.
func (x Index) Age(c result.Cause) string {
	facts := []string{x.ageAtBase(c), x.Since(c)}
	return strings.Join(slices.DeleteFunc(facts, func(f string) bool { return f == "" }), ", ")
}

// Since says since when all cells of a cause have failed. It need not have been
// for this cause all the time.
func (x Index) Since(c result.Cause) string {
	var last result.Since
	for _, id := range c.Cells {
		s := x.cells[id].Since
		if s == nil {
			return ""
		}
		if s.Started.After(last.Started) {
			last = *s
		}
	}
	return SinceText(&last)
}

// ageAtBase says whether a cause was there at the base.
func (x Index) ageAtBase(c result.Cause) string {
	switch outcome := x.Outcome(c); {
	case x.Base == nil:
	case outcome == result.NewFailure:
		return "new"
	case outcome == result.AlreadyBroken:
		return "already broken at " + BaseName(x.Base)
	}
	return ""
}

// BlamesMachine reports whether a cause is the machine's and not the flake's.
func (x Index) BlamesMachine(c result.Cause) bool {
	if len(c.Cells) == 0 {
		return c.Kind.Status() == result.Error
	}
	for _, id := range c.Cells {
		if x.cells[id].Status != result.Error {
			return false
		}
	}
	return true
}

// AlreadyBroken says whether all that a cause stops was broken at the base already.
func (x Index) AlreadyBroken(c result.Cause) bool {
	for _, id := range c.Cells {
		if b := x.cells[id].Base; b == nil || b.Outcome != result.AlreadyBroken {
			return false
		}
	}
	return len(c.Cells) > 0
}
