package github

import (
	"fmt"
	"io"
	"slices"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// WriteOutputs writes the verdict and the counts as outputs of a step of GitHub Actions, one
// name=value on a line. A saved report may come from anyone, and an extra line would be an extra
// output, so every value is a number or a word that flakeci itself chose.
func WriteOutputs(w io.Writer, r result.Report) error {
	verdict := r.Verdict
	if !slices.Contains([]result.Verdict{result.VerdictPassed, result.VerdictFailed, result.VerdictError, result.VerdictCanceled}, verdict) {
		verdict = result.VerdictError
	}
	n := view.CountCells(r.Cells)
	newFailures := ""
	if r.Base != nil && r.Base.Missing == "" {
		newFailures = fmt.Sprint(n.New)
	}
	_, err := fmt.Fprintf(w, "verdict=%s\ncells=%d\nfailed=%d\nerrors=%d\ncauses=%d\nnew-failures=%s\n",
		verdict, n.All, n.Failed, n.Errors, len(r.Causes), newFailures)
	return err
}
