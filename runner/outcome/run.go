package outcome

import (
	"slices"
	"strconv"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

// Run holds the results of all cells of a run. Results and causes are in the order of the
// cells.
type Run struct {
	Results []Result
	Causes  []*result.Cause
	// Warnings are about the machines that took part.
	Warnings    []result.Warning
	Interrupted bool
}

// Conclude puts results and their causes in order, and gives the causes their ids. Call it at the
// end of a run: nothing else may read the causes at the same time.
func Conclude(results []Result, interrupted bool) Run {
	out := Run{Results: results, Interrupted: interrupted}
	slices.SortStableFunc(out.Results, func(a, b Result) int { return matrix.Compare(a.Cell, b.Cell) })
	for _, res := range out.Results {
		for _, c := range res.Causes {
			if !slices.Contains(out.Causes, c) {
				out.Causes = append(out.Causes, c)
				c.ID = "c" + strconv.Itoa(len(out.Causes))
			}
		}
	}
	return out
}

// PhaseStatus returns the status of a phase that these causes ended: failed if the flake is at
// fault for one of them.
func PhaseStatus(causes []*result.Cause) result.Status {
	worst := result.Error
	for _, c := range causes {
		switch s := c.Kind.Status(); {
		case s == result.Failed:
			return result.Failed
		case s == result.TimedOut:
			worst = s
		}
	}
	return worst
}
