package junit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// cases makes a case of each phase of a cell. A cell without a phase that explains how it
// ended gets one more case, named after the cell alone.
func (j converter) cases(c result.CellResult) []junit.Testcase {
	var list []junit.Testcase
	explained := false
	for i, p := range c.Phases {
		last := i == len(c.Phases)-1
		list = append(list, j.phaseCase(c, p, last))
		explained = explained || explains(p.Status, c.Status)
	}
	if !explained {
		list = append(list, j.phaseCase(c, result.Phase{Status: c.Status}, true))
	}
	return list
}

// explains reports whether the status of a phase explains that of its cell.
func explains(phase, cell result.Status) bool {
	return phase == cell || phase.NeedsAttention() && cell.NeedsAttention()
}

// phaseCase makes the case of one phase.
func (j converter) phaseCase(c result.CellResult, p result.Phase, last bool) junit.Testcase {
	test := junit.Testcase{
		Classname: c.ID,
		Name:      strings.TrimSpace(c.ID + " " + p.Name.String()),
		Time:      xmlSeconds(p.Duration),
	}
	causes := phaseCauses(p, j.index.Causes[c.ID])
	switch {
	case p.Status == result.Skipped, p.Status == result.Canceled:
		test.Skipped = &junit.Result{Message: cmp.Or(p.Message, view.Reason(c), string(p.Status)), Type: string(p.Status)}
	case p.Status == "":
		test.Error = &junit.Result{Message: "no result", Type: "no-result"}
	case p.Status == result.Passed:
		causes = nil
	default:
		setResult(&test, p.Status, reason(p, causes))
	}
	test.SystemOut = j.output(c, p, causes, last)
	return test
}

// setResult sets the failure of a case if the flake is to blame, else the error.
func setResult(test *junit.Testcase, s result.Status, r *junit.Result) {
	if s.BlamesFlake() {
		test.Failure = r
	} else {
		test.Error = r
	}
}

// reason says why a phase did not pass. The message covers the first cause, the text all of them.
func reason(p result.Phase, causes []result.Cause) *junit.Result {
	if len(causes) == 0 {
		return &junit.Result{Message: cmp.Or(strings.SplitN(p.Message, "\n", 2)[0], string(p.Status)), Type: string(p.Status), Data: p.Message}
	}
	r := &junit.Result{Message: view.Headline(causes[0]), Type: cmp.Or(string(causes[0].Kind), string(p.Status))}
	if more := len(causes) - 1; more > 0 {
		r.Message += fmt.Sprintf(" (and %d more)", more)
	}
	var texts []string
	for _, c := range causes {
		texts = append(texts, explain(c))
	}
	r.Data = strings.Join(texts, "\n\n")
	return r
}

// causeCase makes the case of a cause that blocks no cell of the report.
func (j converter) causeCase(c result.Cause) junit.Testcase {
	test := junit.Testcase{Classname: "flake", Name: view.Headline(c), Time: xmlSeconds(0)}
	p := result.Phase{Status: c.Kind.Status()}
	setResult(&test, p.Status, reason(p, []result.Cause{c}))
	test.SystemOut = attachments(c.Log)
	return test
}

// verdictCase makes the case of a run whose verdict no cell explains.
func verdictCase(v result.Verdict, message string) junit.Testcase {
	res := &junit.Result{Message: message, Type: string(v)}
	test := junit.Testcase{Classname: "flake", Name: "run", Time: xmlSeconds(0)}
	if v == result.VerdictFailed {
		test.Failure = res
		return test
	}
	test.Error = res
	return test
}

// phaseCauses returns the causes of a phase, or all causes of its cell if the phase names none.
// In a booted machine, several checks may fail for different reasons.
func phaseCauses(p result.Phase, causes []result.Cause) []result.Cause {
	if len(p.Causes) == 0 {
		return causes
	}
	return slices.DeleteFunc(slices.Clone(causes), func(c result.Cause) bool { return !slices.Contains(p.Causes, c.ID) })
}
