package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
)

// otherCells are the cells besides hosts and homes, in a run that does not test them. They
// are listed during the run.
type otherCells struct {
	listed chan struct{} // closed once they are listed
	cells  []result.Cell
	seen   []result.NotTested
	err    error
}

// maxListingWait is how long a run waits for them at its end. That is enough for a small
// flake even on a busy machine, and most runs take far longer.
const maxListingWait = 3 * time.Second

// listOtherCells begins to list the other cells; end stops it.
func (j *job) listOtherCells(ctx context.Context) (end func()) {
	if j.wanted().Others || j.vms != nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	o := &otherCells{listed: make(chan struct{})}
	j.others = o
	safely.Go(func() {
		defer close(o.listed)
		o.cells, o.seen, o.err = runner.Others(ctx, j.target)
	})
	return func() {
		cancel()
		<-o.listed
	}
}

// wait waits for the list, up to maxListingWait.
func (o *otherCells) wait(ctx context.Context) {
	if o == nil {
		return
	}
	select {
	case <-o.listed:
	case <-ctx.Done():
	case <-time.After(maxListingWait):
	}
}

// known reports whether the list is complete.
func (o *otherCells) known() bool {
	if o == nil {
		return false
	}
	select {
	case <-o.listed:
		return o.err == nil
	default:
		return false
	}
}

// allCells returns the cells of the flake that are known so far, and whether those are all.
func (j *job) allCells() (m matrix.Matrix, complete bool) {
	if j.wanted().Others {
		return j.offered, true
	}
	if !j.others.known() {
		return j.offered, false
	}
	return j.offered.With(j.others.cells...), true
}

// notTested counts the cells of the flake that the run leaves out.
func (j *job) notTested() []result.NotTested {
	all, complete := j.allCells()
	if len(all.Cells) == 0 || j.vms != nil { // flakeci vm tests nothing
		return nil
	}
	list := slices.Concat(j.opts.selection.LeftOut(all, j.selection, complete), j.seen)
	if j.others.known() {
		list = append(list, j.others.seen...)
	}
	return list
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
