package view

import (
	"cmp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// CauseIndex finds the causes of cells and the cells of causes. A report links them in its
// cells and in its causes; a link in one of the two is enough.
type CauseIndex struct {
	cells      map[string]result.CellResult
	All        []result.Cause            // in the order of the report, each with all cells that it blocks
	Causes     map[string][]result.Cause // by the id of a cell
	Unassigned []result.Cause            // causes that block no cell of the report
	Base       *result.Base              // nil if there is no comparison
}

// NewCauseIndex indexes a report.
func NewCauseIndex(r result.Report) CauseIndex {
	x := CauseIndex{cells: map[string]result.CellResult{}, Causes: map[string][]result.Cause{}}
	if r.Base != nil && r.Base.Missing == "" {
		x.Base = r.Base
	}
	for _, c := range r.Cells {
		x.cells[c.ID] = c
	}
	for _, cause := range r.Causes {
		cause.Cells = cellsOf(r, cause)
		x.All = append(x.All, cause)
		for _, id := range cause.Cells {
			x.Causes[id] = append(x.Causes[id], cause)
		}
		if len(cause.Cells) == 0 {
			x.Unassigned = append(x.Unassigned, cause)
		}
	}
	return x
}

// cellsOf returns the ids of the cells that a cause blocks, in the order of the report.
func cellsOf(r result.Report, cause result.Cause) []string {
	blocked := map[string]bool{}
	for _, id := range cause.Cells {
		blocked[id] = true
	}
	var ids []string
	for _, c := range r.Cells {
		if blocked[c.ID] || cause.ID != "" && slices.Contains(c.Causes, cause.ID) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// Outcome compares a cause with the base: new if it blocks a cell that is newly broken,
// already broken if all its cells were, and empty if that is unknown.
func (x CauseIndex) Outcome(c result.Cause) result.Outcome {
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

// Ordered returns all causes with the cells that they block, and makes one for each failed
// cell without a cause. New causes come first, those already at the base last.
func (x CauseIndex) Ordered(r result.Report) []result.Cause {
	list := slices.Clone(x.All)
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

// Age says whether a cause is new and since when its cells have failed, as far as that is
// known.
func (x CauseIndex) Age(c result.Cause) string {
	facts := []string{x.ageAtBase(c), x.Since(c)}
	return strings.Join(slices.DeleteFunc(facts, func(f string) bool { return f == "" }), ", ")
}

// Since says since when all cells of a cause have failed, possibly for other causes at first.
func (x CauseIndex) Since(c result.Cause) string {
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

// ageAtBase says whether the base has the cause.
func (x CauseIndex) ageAtBase(c result.Cause) string {
	switch outcome := x.Outcome(c); {
	case x.Base == nil:
	case outcome == result.NewFailure:
		return "new"
	case outcome == result.AlreadyBroken:
		return "already broken at " + BaseName(x.Base)
	}
	return ""
}

// BlamesMachine reports whether a cause lies in the machine and not in the flake.
func (x CauseIndex) BlamesMachine(c result.Cause) bool {
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
