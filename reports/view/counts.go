package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// Counts says how many cells ended in which way.
type Counts struct {
	All, Passed, Failed, Errors, Canceled, Skipped, unknown int

	built, cached, evaluated, unchanged int // of Passed
	booted, activated                   int // of All
	checks                              int // checks that passed in booted hosts

	Removed                               int // cells that exist only at the base, not part of All
	New, AlreadyBroken, Fixed, Uncompared int // of All, compared with the base
}

// CountCells counts cells.
func CountCells(cells []result.CellResult) Counts {
	var n Counts
	for _, c := range cells {
		if c.Removed() {
			n.Removed++
			continue
		}
		n.All++
		n.compare(c)
		if c.PassedAt(result.PhaseBoot) {
			n.booted++
		}
		if c.PassedAt(result.PhaseActivate) {
			n.activated++
		}
		for _, p := range c.Phases {
			if p.Name.Kind == result.PhaseCheck && p.Status == result.Passed {
				n.checks++
			}
		}
		switch c.Status {
		case result.Passed:
			n.pass(c)
		case result.Failed, result.DependencyFailed, result.TimedOut:
			n.Failed++
		case result.Canceled:
			n.Canceled++
		case result.Skipped:
			n.Skipped++
		case "":
			n.unknown++
		default:
			n.Errors++
		}
	}
	return n
}

// compare counts the outcome of a cell.
func (n *Counts) compare(c result.CellResult) {
	switch outcome := c.Outcome(); {
	case outcome == result.NewFailure:
		n.New++
	case outcome == result.AlreadyBroken:
		n.AlreadyBroken++
	case outcome == result.Fixed:
		n.Fixed++
	case c.Status.BlamesFlake():
		n.Uncompared++
	}
}

// pass counts a cell that passed.
func (n *Counts) pass(c result.CellResult) {
	n.Passed++
	switch c.How {
	case result.Cached:
		n.cached++
	case result.Evaluated:
		n.evaluated++
	case result.Unchanged:
		n.unchanged++
	default:
		n.built++
	}
}

// String lists the counts, the worst first.
func (n Counts) String() string {
	return joinCounts(
		count{n.Failed, "failed"}, count{n.Errors, "in error"}, count{n.Canceled, "canceled"},
		count{n.Passed - n.evaluated, "passed"}, count{n.evaluated, "only evaluated"},
		count{n.Skipped, "skipped"}, count{n.unknown, "without a result"}, count{n.Removed, "removed"})
}

// hows says how the cells passed.
func (n Counts) hows() string {
	return joinCounts(
		count{n.built, "built"}, count{n.cached, "cached"},
		count{n.unchanged, "unchanged"}, count{n.evaluated, "only evaluated"})
}

// count is a number of something.
type count struct {
	n    int
	what string
}

// joinCounts lists the counts that are not zero.
func joinCounts(counts ...count) string {
	var words []string
	for _, c := range counts {
		if c.n > 0 {
			words = append(words, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	return strings.Join(words, ", ")
}

// CellsText says how many cells there are and, separately, how many virtual machines.
func CellsText(cells []result.CellResult) string {
	cells = slices.DeleteFunc(slices.Clone(cells), result.CellResult.Removed)
	vms := 0
	for _, c := range cells {
		if c.Kind == result.KindVM {
			vms++
		}
	}
	switch {
	case vms == 0:
		return Count(len(cells), "cell")
	case vms == len(cells):
		return Count(vms, "vm")
	}
	return Count(len(cells)-vms, "cell") + ", " + Count(vms, "vm")
}
