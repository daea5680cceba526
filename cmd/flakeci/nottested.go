package main

import (
	"context"
	"errors"
	"slices"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
)

// listOtherCells begins to list the cells besides hosts and homes, in a run that does not test
// them; end stops it.
func (j *job) listOtherCells(ctx context.Context) (end func()) {
	if j.wanted().Others || j.vms != nil {
		return func() {}
	}
	j.others, end = runner.ListOthers(ctx, j.target)
	return end
}

// allCells returns the cells of the flake that are known so far, and whether those are all.
func (j *job) allCells() (m matrix.Matrix, complete bool) {
	if j.wanted().Others {
		return j.offered, true
	}
	others, _, known := j.others.Names()
	if !known {
		return j.offered, false
	}
	return j.offered.With(others...), true
}

// notTested counts the cells of the flake that the run leaves out.
func (j *job) notTested() []result.NotTested {
	all, complete := j.allCells()
	if len(all.Cells) == 0 || j.vms != nil { // flakeci vm tests nothing
		return nil
	}
	_, seen, _ := j.others.Names()
	return slices.Concat(j.opts.selection.LeftOut(all, j.selection, complete), j.seen, seen)
}

// explainNothing explains why nothing is selected. If the flake has only outputs that flakeci does
// not test, it names those.
func (f *flakeFlags) explainNothing(err error, seen []result.NotTested, others bool) error {
	var nothing *matrix.NothingError
	if len(seen) == 0 || !errors.As(err, &nothing) || nothing.Filter != "" {
		return f.explain(err, others)
	}
	left := view.NotTestedText(result.Report{NotTested: seen})
	return &usageError{
		msg:  "nothing to do: flakeci tests none of the flake's outputs: " + left,
		hint: "flakeci tests nixosConfigurations, homeConfigurations and colmenaHive; --kind all adds the other outputs that it can test",
	}
}
