package reports

import (
	"cmp"
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

// age says whether a cause is new, and since when its cells have failed, as far as
// that is known.
func (x index) age(c result.Cause) string {
	facts := []string{x.ageAtBase(c), x.since(c)}
	return strings.Join(slices.DeleteFunc(facts, func(f string) bool { return f == "" }), ", ")
}

// since says since when all cells of a cause have failed. It need not have been
// for this cause all the time.
func (x index) since(c result.Cause) string {
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
	return sinceText(&last)
}

// ageAtBase says whether a cause was there at the base.
func (x index) ageAtBase(c result.Cause) string {
	switch outcome := x.outcome(c); {
	case x.base == nil:
	case outcome == result.NewFailure:
		return "new"
	case outcome == result.AlreadyBroken:
		return "already broken at " + baseName(x.base)
	}
	return ""
}

// isMachine reports whether a cause is the machine's and not the flake's.
func (x index) isMachine(c result.Cause) bool {
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

// wasBroken says whether all that a cause stops was broken at the base already.
func (x index) wasBroken(c result.Cause) bool {
	for _, id := range c.Cells {
		if b := x.cells[id].Base; b == nil || b.Outcome != result.AlreadyBroken {
			return false
		}
	}
	return len(c.Cells) > 0
}
