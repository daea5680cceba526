package main

import (
	"testing"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/runner"
)

func TestHeadlineOfAHomeInAHost(t *testing.T) {
	home := func(p runner.Phase) runner.Result {
		return runner.Result{
			Cell: matrix.Cell{ID: "home/joe", Kind: matrix.KindHome, Host: "box"}, Status: runner.Passed, How: runner.Built,
			Phases: []runner.Phase{{Name: runner.PhaseEval}, {Name: runner.PhaseBuild}, p},
		}
	}
	for want, p := range map[string]runner.Phase{
		"✔ home/joe activated in box":               {Name: "activate", Status: runner.Passed},
		"✔ home/joe activated in a":                 {Name: "activate: a", Status: runner.Passed},
		"- home/joe not activated (a did not come)": {Name: "activate: a", Status: runner.Skipped, Message: "a did not come"},
	} {
		if got := headline(home(p)); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}
