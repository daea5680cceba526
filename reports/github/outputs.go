package github

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// WriteOutputs writes verdict and counts as the outputs of a step of GitHub
// Actions, a name=value a line. A saved report may come from anyone, and a line
// too many would be an output too many: all values are numbers or words of ours.
func WriteOutputs(w io.Writer, r result.Report) error {
	verdict := cmp.Or(r.Verdict, result.VerdictOf(r.Cells, r.Causes, false))
	if !slices.Contains([]result.Verdict{result.VerdictPassed, result.VerdictFailed, result.VerdictError, result.VerdictCanceled}, verdict) {
		verdict = result.VerdictError
	}
	n := view.CountCells(r.Cells)
	newFailures := ""
	if r.Base != nil && r.Base.Missing == "" {
		newFailures = fmt.Sprint(newlyFailed(r.Cells))
	}
	_, err := fmt.Fprintf(w, "verdict=%s\ncells=%d\nfailed=%d\nerrors=%d\ncauses=%d\nnew-failures=%s\n",
		verdict, n.All, n.Failed, n.Errors, len(r.Causes), newFailures)
	return err
}

// newlyFailed counts the cells that fail and did not at the base.
func newlyFailed(cells []result.Cell) int {
	n := 0
	for _, c := range cells {
		if c.Base != nil && c.Base.Outcome == result.NewFailure {
			n++
		}
	}
	return n
}
