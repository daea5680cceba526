package main

import (
	"context"
	"errors"

	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/baseline"
)

// baseFlags say what to compare a run with.
type baseFlags struct {
	ref, report string
	changedOnly bool
	needed      bool // a run without a base is an error
}

func (f *baseFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.ref, "base", "", "compare with the flake at `REF`, a git revision or a flake reference")
	fs.StringVar(&f.report, "base-report", "", "take the base's results from `FILE`, a report saved by an earlier run with --json")
	fs.BoolVar(&f.changedOnly, "changed-only", false, "skip cells whose derivation is the same as at the base")
}

func (f *baseFlags) check() error {
	if f.changedOnly && f.ref == "" && f.report == "" {
		return &usageError{flag: "changed-only", msg: "--changed-only needs a base", hint: "give one with --base or --base-report, such as --base main"}
	}
	return nil
}

func (f *baseFlags) given() bool { return f.ref != "" || f.report != "" }

// findBase finds the base of the run. A missing base is an error, except in CI: there the run goes
// ahead without one, and the report says why. A file that is not a report is always an error.
func (j *job) findBase(ctx context.Context, tmp string) (baseline.Baseline, error) {
	f := j.opts.base
	if !f.given() {
		return baseline.Baseline{}, nil
	}
	b, err := baseline.Find(ctx, baseline.Options{
		Ref: f.ref, Report: f.report, ChangedOnly: f.changedOnly, Client: j.client, Flake: j.target.Flake,
		Env: j.app.publicEnv(), Tmp: tmp, Open: j.open, Discover: j.listAll,
	})
	var bad *baseline.ReportError
	var none *baseline.MissingError
	switch {
	case errors.As(err, &bad):
		return baseline.Baseline{}, &usageError{msg: err.Error(), hint: "--base-report takes a file written by flakeci run --json"}
	case errors.As(err, &none) && ctx.Err() == nil && (f.needed || !j.app.inCI()):
		return baseline.Baseline{}, j.opts.origin.usageError("base", "nothing to compare with: "+err.Error(), none.Hint)
	case err != nil:
		b.Report.Missing, b.Base = err.Error(), nil
	}
	return b, nil
}

// baseUnderTest warns if the run skips everything because its base is the commit that it tests,
// such as a run on main whose flakeci.toml names main as the base.
func (j *job) baseUnderTest() []result.Warning {
	b := j.base
	if j.opts.base.needed || b.Base == nil || !b.Base.ChangedOnly || b.Report == nil || b.Report.Rev == "" || j.target == nil ||
		b.Report.Rev != j.target.Flake.Rev || j.target.Flake.Dirty {
		return nil
	}
	return []result.Warning{{Text: "nothing was built: " + j.opts.origin.Name("base") + " is the commit under test, and " +
		j.opts.origin.Name("changed-only") + " skips what has not changed since"}}
}
