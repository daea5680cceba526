package github

import (
	"bytes"
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestWriteOutputs(t *testing.T) {
	failed := result.Report{
		Verdict: result.VerdictFailed,
		Cells: []result.CellResult{
			{Status: result.Passed},
			{Status: result.Failed, Base: &result.CellBase{Outcome: result.NewFailure}},
			{Status: result.DependencyFailed, Base: &result.CellBase{Outcome: result.AlreadyBroken}},
			{Status: result.Error},
		},
		Causes: []result.Cause{{ID: "a"}, {ID: "b"}},
	}
	compared := failed
	compared.Base = &result.Base{Ref: "main"}
	incomparable := failed
	incomparable.Base = &result.Base{Ref: "main", Missing: "no git"}

	const counts = "cells=4\nfailed=2\nerrors=1\ncauses=2\n"
	for name, tt := range map[string]struct {
		report result.Report
		want   string
	}{
		"no base":          {failed, "verdict=failed\n" + counts + "new-failures=\n"},
		"base":             {compared, "verdict=failed\n" + counts + "new-failures=1\n"},
		"base not found":   {incomparable, "verdict=failed\n" + counts + "new-failures=\n"},
		"nothing":          {result.Report{}, "verdict=error\ncells=0\nfailed=0\nerrors=0\ncauses=0\nnew-failures=\n"},
		"a forged verdict": {result.Report{Verdict: "passed\nPATH=/evil"}, "verdict=error\ncells=0\nfailed=0\nerrors=0\ncauses=0\nnew-failures=\n"},
	} {
		var out bytes.Buffer
		if err := WriteOutputs(&out, tt.report); err != nil || out.String() != tt.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, out.String(), tt.want)
		}
	}
}
