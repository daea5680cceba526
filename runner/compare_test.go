package runner

import (
	"testing"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

func TestOutcome(t *testing.T) {
	for name, c := range map[string]struct {
		now, before result.Status
		change      result.Change
		want        result.Outcome
	}{
		"as it was":           {result.Passed, result.Passed, result.CellChanged, result.Same},
		"broken now":          {result.Failed, result.Passed, result.CellChanged, result.NewFailure},
		"a dependency":        {result.DependencyFailed, result.Passed, result.CellChanged, result.NewFailure},
		"broken since":        {result.TimedOut, result.Failed, result.CellUnknown, result.AlreadyBroken},
		"mended":              {result.Passed, result.DependencyFailed, result.CellUnknown, result.Fixed},
		"new, and broken":     {result.Failed, "", result.CellAdded, result.NewFailure},
		"new":                 {result.Passed, "", result.CellAdded, ""},
		"not asked":           {result.Failed, "", result.CellChanged, ""},
		"the machine, now":    {result.Error, result.Passed, result.CellChanged, ""},
		"the machine, before": {result.Failed, result.Error, result.CellChanged, ""},
		"interrupted":         {result.Canceled, result.Passed, result.CellChanged, ""},
		"left out":            {result.Skipped, result.Passed, result.CellChanged, ""},
	} {
		res := Result{Status: c.now, Base: &result.CellBase{Change: c.change, Status: c.before}}
		if got := res.outcome(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A report of the base answers only what the run that made it looked into.
func TestKnownAnswers(t *testing.T) {
	activated := Result{How: result.Built, Phases: []Phase{{Phase: result.Phase{Name: result.PhaseBuild.Name()}}, {Phase: result.Phase{Name: result.ParsePhaseName("activate: box")}}}}
	built := Result{How: result.Built, Phases: []Phase{{Phase: result.Phase{Name: result.PhaseBuild.Name()}}}}
	for name, c := range map[string]struct {
		known    Known
		res      Result
		evalOnly bool
		want     bool
	}{
		"built":                   {Known{Status: result.Passed, How: result.Cached}, built, false, true},
		"failed":                  {Known{Status: result.Failed}, built, false, true},
		"only evaluated":          {Known{Status: result.Passed, How: result.Evaluated}, built, false, false},
		"both only evaluated":     {Known{Status: result.Passed, How: result.Evaluated}, built, true, true},
		"left out as unchanged":   {Known{Status: result.Passed, How: result.Unchanged}, built, false, false},
		"the machine's":           {Known{Status: result.Error}, built, false, false},
		"not activated then":      {Known{Status: result.Passed, How: result.Built}, activated, false, false},
		"activated then alone":    {Known{Status: result.Failed, InHosts: true}, built, false, false},
		"activated, then and now": {Known{Status: result.Failed, InHosts: true}, activated, false, true},
	} {
		if got := c.known.answers(c.res, c.evalOnly); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A home that failed in several hosts is new if it was well in one of them.
func TestActivatedAtBase(t *testing.T) {
	home := Result{Cell: matrix.Cell{ID: "home/joe"}, Phases: []Phase{
		{Phase: result.Phase{Name: result.ParsePhaseName("activate: a"), Status: result.Failed}}, {Phase: result.Phase{Name: result.ParsePhaseName("activate: b"), Status: result.Passed}}, {Phase: result.Phase{Name: result.ParsePhaseName("activate: c"), Status: result.Failed}},
	}}
	title := []*result.Cause{{Title: "no network"}}
	phase := func(s result.Status, causes ...*result.Cause) Phase {
		return Phase{Phase: result.Phase{Status: s}, Causes: causes}
	}
	for name, c := range map[string]struct {
		a, c   Phase
		status result.Status
		why    string
	}{
		"both then":  {phase(result.Failed, title...), phase(result.Failed, title...), result.Failed, "no network"},
		"one is new": {phase(result.Failed), phase(result.Passed), result.Passed, ""},
		"not known":  {phase(result.Failed), Phase{}, "", ""},
	} {
		r := &run{homesThen: map[string]map[string]Phase{"a": {"home/joe": c.a}, "c": {"home/joe": c.c}}}
		if status, why := r.activatedAtBase(home); status != c.status || why != c.why {
			t.Errorf("%s: %q, %q", name, status, why)
		}
	}
	// A host that is the same would do the same.
	r := &run{results: []Result{
		{Cell: matrix.Cell{ID: "vm/a", Kind: matrix.KindVM, Host: "a"}, Base: &result.CellBase{Change: result.CellUnchanged}},
		{Cell: matrix.Cell{ID: "vm/c", Kind: matrix.KindVM, Host: "c"}, Base: &result.CellBase{Change: result.CellUnchanged}},
	}}
	if status, _ := r.activatedAtBase(home); status != result.Failed {
		t.Errorf("in hosts that are the same: %q", status)
	}
}
