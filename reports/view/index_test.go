package view

import (
	"testing"

	"github.com/flakeci/flakeci/result"
)

// A cause is compared with the base by its key.
func TestAge(t *testing.T) {
	cell := func(id string, outcome result.Outcome, status result.Status, causes ...string) result.CellResult {
		return result.CellResult{
			Cell: result.Cell{ID: id}, Status: result.Failed, Base: &result.CellBase{Outcome: outcome, Status: status, Causes: causes},
		}
	}
	newly, old := result.NewFailure, result.AlreadyBroken
	frob := result.Cause{ID: "c1", Key: "build-frob", Title: "frob failed", Cells: []string{"a", "b"}}
	for name, c := range map[string]struct {
		cells []result.CellResult
		cause result.Cause
		want  string
	}{
		"new":              {[]result.CellResult{cell("a", newly, result.Passed), cell("b", newly, result.Passed)}, frob, "new"},
		"as before":        {[]result.CellResult{cell("a", old, result.Failed, frob.Key), cell("b", old, result.Failed, frob.Key)}, frob, "already broken at main"},
		"one cell more":    {[]result.CellResult{cell("a", old, result.Failed, frob.Key), cell("b", newly, result.Passed)}, frob, "already broken at main, now also blocks b"},
		"of another cell":  {[]result.CellResult{cell("a", newly, result.Passed), cell("b", newly, result.Passed), cell("c", result.Fixed, result.Failed, frob.Key)}, frob, "already broken at main, now also blocks a and b"},
		"instead":          {[]result.CellResult{cell("a", newly, result.Failed, "other"), cell("b", newly, result.Failed, "other")}, frob, "new; failed for another reason at main"},
		"instead, for one": {[]result.CellResult{cell("a", newly, result.Failed, "other"), cell("b", newly, result.Passed)}, frob, "new; a failed for another reason at main"},
		"an older report": {
			[]result.CellResult{cell("a", old, result.Failed), cell("b", old, result.Failed)}, result.Cause{Cells: frob.Cells}, "already broken at main",
		},
		"unknown": {[]result.CellResult{cell("a", old, result.Failed), cell("b", "", "")}, result.Cause{Cells: frob.Cells}, ""},
		"since": {
			[]result.CellResult{cell("a", newly, result.Passed)},
			result.Cause{Cells: []string{"a"}, Since: &result.Since{Rev: "0a1b2c3d4e5f", Runs: 2}}, "new, failing since 0001-01-01 at 0a1b2c3, 2 runs ago",
		},
	} {
		x := NewCauseIndex(result.Report{Base: &result.Base{Ref: "main"}, Cells: c.cells, Causes: []result.Cause{c.cause}})
		if got := x.Age(c.cause); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if got := x.Old(c.cause); got != (c.want == "already broken at main") {
			t.Errorf("%s: old is %t", name, got)
		}
	}
}
