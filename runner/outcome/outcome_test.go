package outcome

import (
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestAgainstBase(t *testing.T) {
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
		if got := res.AgainstBase(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A cell that failed for something else is newly broken, unless only the machine is new to blame.
func TestAnotherCauseIsNew(t *testing.T) {
	cause := func(kind result.CauseKind, key string) *result.Cause { return &result.Cause{Kind: kind, Key: key} }
	old, other, machine := cause(result.CauseBuild, "old"), cause(result.CauseEval, "other"), cause(result.CauseDisk, "disk")
	for name, c := range map[string]struct {
		now    []*result.Cause
		before []string
		want   result.Outcome
	}{
		"the same":            {[]*result.Cause{old}, []string{"old"}, result.AlreadyBroken},
		"one of two is gone":  {[]*result.Cause{old}, []string{"old", "other"}, result.AlreadyBroken},
		"another":             {[]*result.Cause{other}, []string{"old"}, result.NewFailure},
		"one more":            {[]*result.Cause{old, other}, []string{"old"}, result.NewFailure},
		"and the machine":     {[]*result.Cause{old, machine}, []string{"old"}, result.AlreadyBroken},
		"unknown at the base": {[]*result.Cause{other}, nil, result.AlreadyBroken},
	} {
		res := Result{Status: result.Failed, Causes: c.now, Base: &result.CellBase{Change: result.CellChanged, Status: result.Failed, Causes: c.before}}
		if got := res.AgainstBase(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A fault of the flake counts before one of the machine.
func TestAPhaseThatFailedCounts(t *testing.T) {
	for _, c := range []struct {
		phases []result.Status
		want   result.Status
	}{
		{[]result.Status{result.Passed, result.Skipped}, result.Passed},
		{[]result.Status{result.Passed, result.Failed, result.Passed}, result.Failed},
		{[]result.Status{result.Error, result.Failed}, result.Failed},
		{[]result.Status{result.Error, result.TimedOut}, result.TimedOut},
		{[]result.Status{result.Failed, result.Error}, result.Failed},
		{[]result.Status{result.Failed, result.Canceled}, result.Failed},
	} {
		r := Result{Status: result.Passed}
		for _, s := range c.phases {
			r.Add(Phase{Phase: result.Phase{Status: s}})
		}
		if r.Status != c.want {
			t.Errorf("%q make it %s", c.phases, r.Status)
		}
	}
}
