package view

import (
	"cmp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// CauseIndex finds the causes of cells and the cells of causes. A report links them in its cells
// and in its causes; either link is enough.
type CauseIndex struct {
	cells      map[string]result.CellResult
	atBase     map[string]bool           // keys of the causes that cells had at the base
	All        []result.Cause            // in the order of the report, each with all cells that it blocks
	Causes     map[string][]result.Cause // by the id of a cell
	Unassigned []result.Cause            // causes that block no cell of the report
	Base       *result.Base              // nil if there is no comparison
}

// NewCauseIndex indexes a report.
func NewCauseIndex(r result.Report) CauseIndex {
	x := CauseIndex{cells: map[string]result.CellResult{}, atBase: map[string]bool{}, Causes: map[string][]result.Cause{}}
	if r.Base != nil && r.Base.Missing == "" {
		x.Base = r.Base
	}
	for _, c := range r.Cells {
		x.cells[c.ID] = c
		if c.Base != nil {
			for _, key := range c.Base.Causes {
				x.atBase[key] = true
			}
		}
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

// Outcome compares a cause with the base: already broken if it blocked any cell there, or if
// all its cells were broken for unknown reasons; new if it blocks a cell that is newly broken;
// and empty if that is unknown.
func (x CauseIndex) Outcome(c result.Cause) result.Outcome {
	if x.atBase[c.Key] {
		return result.AlreadyBroken
	}
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

// newlyBlocked returns the cells that a cause of the base did not block there.
func (x CauseIndex) newlyBlocked(c result.Cause) []string {
	if !x.atBase[c.Key] {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(c.Cells), func(id string) bool {
		b := x.cells[id].Base
		return b == nil || b.Outcome != result.NewFailure || slices.Contains(b.Causes, c.Key)
	})
}

// brokenOtherwise returns the cells of a new cause that another cause blocked at the base.
func (x CauseIndex) brokenOtherwise(c result.Cause) []string {
	return slices.DeleteFunc(slices.Clone(c.Cells), func(id string) bool {
		b := x.cells[id].Base
		return b == nil || b.Outcome != result.NewFailure || !b.Status.BlamesFlake()
	})
}

// Old reports whether everything that a cause breaks was already broken at the base.
func (x CauseIndex) Old(c result.Cause) bool {
	return x.Base != nil && x.Outcome(c) == result.AlreadyBroken && len(x.newlyBlocked(c)) == 0
}

// Ordered returns all causes with the cells that they block, and makes one for each failed cell
// without a cause. New causes come first, and those that the base already has come last.
func (x CauseIndex) Ordered(r result.Report) []result.Cause {
	list := slices.Clone(x.All)
	for _, c := range r.Cells {
		if c.Status.NeedsAttention() && len(x.Causes[c.ID]) == 0 {
			list = append(list, unexplained(c))
		}
	}
	rank := func(c result.Cause) int {
		switch {
		case x.Old(c):
			return 2
		case x.Outcome(c) == "":
			return 1
		}
		return 0
	}
	slices.SortStableFunc(list, func(a, b result.Cause) int { return cmp.Compare(rank(a), rank(b)) })
	return list
}

// Age says whether a cause is new, and since when it has made cells fail, as far as that is known.
func (x CauseIndex) Age(c result.Cause) string {
	facts := []string{x.ageAtBase(c), SinceText(c.Since)}
	return strings.Join(slices.DeleteFunc(facts, func(f string) bool { return f == "" }), ", ")
}

// ageAtBase says whether the base has the cause.
func (x CauseIndex) ageAtBase(c result.Cause) string {
	switch outcome := x.Outcome(c); {
	case x.Base == nil:
	case outcome == result.NewFailure:
		return "new" + x.otherReason(c)
	case outcome == result.AlreadyBroken:
		return "already broken at " + BaseName(x.Base) + WithPrefix(", now also blocks ", JoinFirst(x.newlyBlocked(c), InlineCells))
	}
	return ""
}

// otherReason says which cells of a new cause were also broken at the base.
func (x CauseIndex) otherReason(c result.Cause) string {
	otherwise := x.brokenOtherwise(c)
	if len(otherwise) == 0 {
		return ""
	}
	text := "failed for another reason at " + BaseName(x.Base)
	if len(otherwise) < len(c.Cells) {
		text = JoinFirst(otherwise, InlineCells) + " " + text
	}
	return "; " + text
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
