package runner

import (
	"testing"

	"github.com/flakeci/flakeci/matrix"
)

func TestOutcome(t *testing.T) {
	for name, c := range map[string]struct {
		now, before Status
		change      Change
		want        Compared
	}{
		"as it was":           {Passed, Passed, CellChanged, Same},
		"broken now":          {Failed, Passed, CellChanged, NewFailure},
		"a dependency":        {DependencyFailed, Passed, CellChanged, NewFailure},
		"broken since":        {TimedOut, Failed, CellUnknown, AlreadyBroken},
		"mended":              {Passed, DependencyFailed, CellUnknown, Fixed},
		"new, and broken":     {Failed, "", CellAdded, NewFailure},
		"new":                 {Passed, "", CellAdded, ""},
		"not asked":           {Failed, "", CellChanged, ""},
		"the machine, now":    {Error, Passed, CellChanged, ""},
		"the machine, before": {Failed, Error, CellChanged, ""},
		"interrupted":         {Canceled, Passed, CellChanged, ""},
		"left out":            {Skipped, Passed, CellChanged, ""},
	} {
		res := Result{Status: c.now, Base: &Comparison{Change: c.change, Status: c.before}}
		if got := res.outcome(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A report of the base answers only what the run that made it looked into.
func TestKnownAnswers(t *testing.T) {
	activated := Result{How: Built, Phases: []Phase{{Name: PhaseBuild}, {Name: "activate: box"}}}
	built := Result{How: Built, Phases: []Phase{{Name: PhaseBuild}}}
	for name, c := range map[string]struct {
		known    Known
		res      Result
		evalOnly bool
		want     bool
	}{
		"built":                   {Known{Status: Passed, How: Cached}, built, false, true},
		"failed":                  {Known{Status: Failed}, built, false, true},
		"only evaluated":          {Known{Status: Passed, How: Evaluated}, built, false, false},
		"both only evaluated":     {Known{Status: Passed, How: Evaluated}, built, true, true},
		"left out as unchanged":   {Known{Status: Passed, How: Unchanged}, built, false, false},
		"the machine's":           {Known{Status: Error}, built, false, false},
		"not activated then":      {Known{Status: Passed, How: Built}, activated, false, false},
		"activated then alone":    {Known{Status: Failed, InHosts: true}, built, false, false},
		"activated, then and now": {Known{Status: Failed, InHosts: true}, activated, false, true},
	} {
		if got := c.known.answers(c.res, c.evalOnly); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A home that failed in several hosts is new if it was well in one of them.
func TestActivatedAtBase(t *testing.T) {
	home := Result{Cell: matrix.Cell{ID: "home/joe"}, Phases: []Phase{
		{Name: "activate: a", Status: Failed}, {Name: "activate: b", Status: Passed}, {Name: "activate: c", Status: Failed},
	}}
	title := []*Cause{{Title: "no network"}}
	for name, c := range map[string]struct {
		a, c   Phase
		status Status
		why    string
	}{
		"both then":  {Phase{Status: Failed, Causes: title}, Phase{Status: Failed, Causes: title}, Failed, "no network"},
		"one is new": {Phase{Status: Failed}, Phase{Status: Passed}, Passed, ""},
		"not known":  {Phase{Status: Failed}, Phase{}, "", ""},
	} {
		r := &run{homesThen: map[string]map[string]Phase{"a": {"home/joe": c.a}, "c": {"home/joe": c.c}}}
		if status, why := r.activatedAtBase(home); status != c.status || why != c.why {
			t.Errorf("%s: %q, %q", name, status, why)
		}
	}
	// A host that is the same would do the same.
	r := &run{results: []Result{
		{Cell: matrix.Cell{ID: "vm/a", Kind: matrix.KindVM, Host: "a"}, Base: &Comparison{Change: CellUnchanged}},
		{Cell: matrix.Cell{ID: "vm/c", Kind: matrix.KindVM, Host: "c"}, Base: &Comparison{Change: CellUnchanged}},
	}}
	if status, _ := r.activatedAtBase(home); status != Failed {
		t.Errorf("in hosts that are the same: %q", status)
	}
}
