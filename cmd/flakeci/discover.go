package main

import (
	"context"
	"errors"
	"slices"

	"github.com/flakeci/flakeci/internal/diagnose"
	"github.com/flakeci/flakeci/internal/selection"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/cause"
)

// discover lists the flake's cells and selects among them. If an output could not be
// listed, the run reports that instead of an empty selection.
func (j *job) discover(ctx, looking context.Context) ([]result.Cell, error) {
	d, err := j.list(looking, j.target)
	if err == nil && d.Rest != nil {
		if early := j.earlyCells(d); len(early) > 0 {
			j.rest = func(run context.Context) []result.Cell { return j.discoverRest(run, looking, d, early) }
			return early, nil
		}
		d, err = d.Rest()
	}
	var unusable *usageError
	if errors.As(err, &unusable) {
		return nil, err
	}
	if err != nil {
		j.addFlakeCause(ctx, looking, err)
		return nil, nil
	}
	return j.selectFrom(d)
}

// withTimeout limits how long inspecting the flake may take to the limit of a phase.
func (j *job) withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if j.opts.timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, j.opts.timeout)
}

// slowError returns err, or a [*cause.SlowError] if inspecting the flake took too long.
func (j *job) slowError(looking context.Context, err error) error {
	if errors.Is(looking.Err(), context.DeadlineExceeded) {
		return &cause.SlowError{What: "inspecting the flake", Limit: j.opts.timeout}
	}
	return err
}

// earlyCells returns the cells to begin with while the rest of the flake is being listed:
// `nix flake show` can take half a minute. There are none with a base, a shard or a
// report to resume from, which need the complete list.
func (j *job) earlyCells(known runner.Discovery) []result.Cell {
	if j.opts.planOnly || j.opts.base.given() || j.saved != nil || j.opts.selection.Shard.String() != "" {
		return nil
	}
	m, err := j.opts.selection.Select(known.Matrix, j.selection, true)
	if err != nil || j.opts.vms.CheckHosts(hostsToBoot(known.Matrix)) != nil {
		return nil // reported once the list is complete
	}
	j.matrix, j.offered, j.seen = m, known.Matrix, known.Seen
	return m.Cells
}

// discoverRest selects among all cells and returns those that did not begin early.
func (j *job) discoverRest(ctx, looking context.Context, d runner.Discovery, early []result.Cell) []result.Cell {
	d, err := d.Rest()
	if err != nil {
		j.causes = append(j.causes, d.Causes...)
		j.addFlakeCause(ctx, looking, err)
		return nil
	}
	all, err := j.selectFrom(d)
	if err != nil {
		return nil // reported before any cell began
	}
	return slices.DeleteFunc(slices.Clone(all), func(c result.Cell) bool { return matrix.Has(early, c.ID) })
}

// selectFrom selects the cells of the run.
func (j *job) selectFrom(d runner.Discovery) ([]result.Cell, error) {
	if err := j.opts.vms.CheckHosts(hostsToBoot(d.Matrix)); err != nil && len(d.Causes) == 0 {
		return nil, err
	}
	j.causes = append(j.causes, d.Causes...)
	j.discovery = d
	j.matrix, j.offered, j.seen = d.Matrix, d.Matrix, d.Seen
	selected, err := j.opts.selection.Select(d.Matrix, j.selection, len(j.causes) == 0)
	switch {
	case err != nil && len(j.causes) > 0:
		if len(d.Matrix.Cells) > 0 { // otherwise the causes say why there are none
			j.app.fail(j.opts.explain(err, j.wanted().Others))
		}
		return nil, nil
	case err != nil:
		return nil, j.opts.explainNothing(err, d.Seen, j.wanted().Others)
	}
	j.matrix, err = j.opts.selection.Shard.Of(selected)
	all := selection.Whole(d.Matrix, selected, j.selection, j.opts.planOnly)
	j.on.Selection = all.Key()
	j.describeShard(all, j.matrix)
	return j.matrix.Cells, j.opts.explain(err, false)
}

// describeShard says in the report which part of all cells this is, if it is a part.
func (j *job) describeShard(all, part matrix.Matrix) {
	j.on.Shard = j.opts.selection.Shard.Describe(all, part)
	if j.on.Shard != nil {
		j.on.Shard.Planned = j.plan != nil
	}
}

// wanted returns what to list in the flake.
func (j *job) wanted() runner.DiscoverOptions {
	s := j.selection
	return runner.DiscoverOptions{
		Others: slices.ContainsFunc(s.Kinds, selection.IsOther),
		// A home that names no host belongs to every host that has its user.
		Users:    len(s.Users) > 0 || len(s.Hosts) > 0 || len(s.VMs) > 0 || slices.Contains(s.Kinds, result.KindVM),
		Embedded: j.opts.selection.LookInside(s),
		Retries:  j.opts.retries, Again: j.app.printRetry,
	}
}

// addFlakeCause adds a cause that says why the flake cannot be inspected. An interruption is not a
// cause: the report notes it separately.
func (j *job) addFlakeCause(ctx, looking context.Context, err error) {
	switch over := runner.Overdue(ctx); {
	case over != nil:
		c := over.Cause()
		c.Kind = result.CauseInfra // the flake may not be to blame
		c.Title += "; flakeci was still inspecting the flake"
		j.causes = append(j.causes, c)
	case ctx.Err() == nil:
		j.causes = append(j.causes, diagnose.FlakeCauses(j.slowError(looking, err))...)
	}
}
