package runner

import (
	"testing"

	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/outcome"
)

// A report of the base answers only for what its run did.
func TestKnownAnswers(t *testing.T) {
	activated := outcome.Result{How: result.Built, Phases: []outcome.Phase{{Phase: result.Phase{Name: result.PhaseBuild.Name()}}, {Phase: result.Phase{Name: result.ParsePhaseName("activate: box")}}}}
	built := outcome.Result{How: result.Built, Phases: []outcome.Phase{{Phase: result.Phase{Name: result.PhaseBuild.Name()}}}}
	for name, c := range map[string]struct {
		known    Known
		res      outcome.Result
		evalOnly bool
		want     bool
	}{
		"built":                   {Known{Status: result.Passed, How: result.Cached}, built, false, true},
		"failed":                  {Known{Status: result.Failed}, built, false, true},
		"only evaluated":          {Known{Status: result.Passed, How: result.Evaluated}, built, false, false},
		"both only evaluated":     {Known{Status: result.Passed, How: result.Evaluated}, built, true, true},
		"left out as unchanged":   {Known{Status: result.Passed, How: result.Unchanged}, built, false, false},
		"a machine fault":         {Known{Status: result.Error}, built, false, false},
		"not activated then":      {Known{Status: result.Passed, How: result.Built}, activated, false, false},
		"activated then alone":    {Known{Status: result.Failed, InHosts: true}, built, false, false},
		"activated, then and now": {Known{Status: result.Failed, InHosts: true}, activated, false, true},
	} {
		if got := c.known.answers(c.res, c.evalOnly); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A failure in several hosts is new if the home passed in one of them at the base.
func TestActivatedAtBase(t *testing.T) {
	home := outcome.Result{Cell: result.Cell{ID: "home/joe"}, Phases: []outcome.Phase{
		{Phase: result.Phase{Name: result.ParsePhaseName("activate: a"), Status: result.Failed}}, {Phase: result.Phase{Name: result.ParsePhaseName("activate: b"), Status: result.Passed}}, {Phase: result.Phase{Name: result.ParsePhaseName("activate: c"), Status: result.Failed}},
	}}
	title := []*result.Cause{{Title: "no network"}}
	phase := func(s result.Status, causes ...*result.Cause) outcome.Phase {
		return outcome.Phase{Phase: result.Phase{Status: s}, Causes: causes}
	}
	for name, c := range map[string]struct {
		a, c   outcome.Phase
		status result.Status
		why    string
	}{
		"both then":  {phase(result.Failed, title...), phase(result.Failed, title...), result.Failed, "no network"},
		"one is new": {phase(result.Failed), phase(result.Passed), result.Passed, ""},
		"not known":  {phase(result.Failed), outcome.Phase{}, "", ""},
	} {
		r := &run{baseActivations: map[string]map[string]outcome.Phase{"a": {"home/joe": c.a}, "c": {"home/joe": c.c}}}
		status, causes := r.activatedAtBase(home)
		if b := endedAtBase(&result.CellBase{}, status, causes); b.Status != c.status || b.Note != c.why {
			t.Errorf("%s: %q, %q", name, b.Status, b.Note)
		}
	}
	// In an unchanged host the home would fail again.
	r := &run{results: []outcome.Result{
		{Cell: result.Cell{ID: "vm/a", Kind: result.KindVM, Host: "a"}, Base: &result.CellBase{Change: result.CellUnchanged}},
		{Cell: result.Cell{ID: "vm/c", Kind: result.KindVM, Host: "c"}, Base: &result.CellBase{Change: result.CellUnchanged}},
	}}
	if status, _ := r.activatedAtBase(home); status != result.Failed {
		t.Errorf("in unchanged hosts: %q", status)
	}
}
