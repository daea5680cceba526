package main

import (
	"context"
	"errors"
	"slices"

	"github.com/flakeci/flakeci/internal/diagnose"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/cause"
)

// choose lists the flake's cells and selects among them. Where a whole output
// could not be listed, that is reported rather than that nothing fits.
func (j *job) choose(ctx, looking context.Context) ([]matrix.Cell, error) {
	wanted := j.wanted()
	d, err := runner.Discover(looking, j.target, wanted)
	if err == nil && d.Rest != nil {
		if early := j.early(d.Matrix); len(early) > 0 {
			j.rest = func(run context.Context) []matrix.Cell { return j.chooseRest(run, looking, d, early) }
			return early, nil
		}
		d, err = d.Rest()
	}
	if err != nil {
		j.broken(ctx, j.slow(looking, err))
		return nil, nil
	}
	return j.selectFrom(d, wanted)
}

// limit is for looking into the flake, which may take as long as any phase.
func (j *job) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if j.opts.timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, j.opts.timeout)
}

// slow is the error of looking into the flake, or that it took too long.
func (j *job) slow(looking context.Context, err error) error {
	if errors.Is(looking.Err(), context.DeadlineExceeded) {
		return &cause.SlowError{What: "looking into the flake", Limit: j.opts.timeout}
	}
	return err
}

// early are the cells to begin with while the rest of the flake is being listed:
// `nix flake show` can take half a minute. Who compares, or takes a share of the
// cells, has to know them all.
func (j *job) early(known matrix.Matrix) []matrix.Cell {
	if j.opts.base.given() || j.opts.shard.String() != "" {
		return nil
	}
	m, err := j.opts.selectFrom(known, j.selection, true)
	if err != nil || j.opts.vms.CheckHosts(hostsToBoot(known)) != nil {
		return nil // what is said of that is said of the whole
	}
	j.matrix, j.offered = m, known
	return m.Cells
}

// chooseRest selects among all cells and gives those that did not begin early.
func (j *job) chooseRest(ctx, looking context.Context, d runner.Discovery, early []matrix.Cell) []matrix.Cell {
	d, err := d.Rest()
	if err != nil {
		j.causes = append(j.causes, d.Causes...)
		j.broken(ctx, j.slow(looking, err))
		return nil
	}
	all, err := j.selectFrom(d, j.wanted())
	if err != nil {
		return nil // which it had said before any began
	}
	return slices.DeleteFunc(slices.Clone(all), func(c matrix.Cell) bool {
		return slices.ContainsFunc(early, func(e matrix.Cell) bool { return e.ID == c.ID })
	})
}

// selectFrom chooses the cells that take part.
func (j *job) selectFrom(d runner.Discovery, wanted runner.Wanted) ([]matrix.Cell, error) {
	if err := j.opts.vms.CheckHosts(hostsToBoot(d.Matrix)); err != nil && len(d.Causes) == 0 {
		return nil, err
	}
	j.causes = append(j.causes, d.Causes...)
	j.matrix, j.offered = d.Matrix, d.Matrix
	selected, err := j.opts.selectFrom(d.Matrix, j.selection, len(j.causes) == 0)
	switch {
	case err != nil && len(j.causes) > 0:
		if len(d.Matrix.Cells) > 0 { // else the causes say why there is none
			j.app.complain(j.opts.explain(err, wanted.Others))
		}
		return nil, nil
	case err != nil:
		return nil, j.opts.explain(err, wanted.Others)
	}
	j.matrix, err = j.opts.shard.of(selected)
	return j.matrix.Cells, err
}

// wanted says how far to look into the flake.
func (j *job) wanted() runner.Wanted {
	s := j.selection
	return runner.Wanted{
		Others: slices.ContainsFunc(s.Kinds, isOther),
		// A home that names no host is on those that have a user of its name.
		Users:    len(s.Users) > 0 || len(s.Hosts) > 0 || len(s.VMs) > 0 || slices.Contains(s.Kinds, matrix.KindVM),
		Embedded: j.opts.selection.lookInside(s),
		Retries:  j.opts.retries, Again: j.triesAgain,
	}
}

// broken makes a cause of what keeps the flake from being looked into. An
// interruption is none: the report says of itself that it was interrupted.
func (j *job) broken(ctx context.Context, err error) {
	switch over := runner.Overdue(ctx); {
	case over != nil:
		c := over.Cause()
		c.Kind = result.CauseInfra // it is not known whose time it was
		c.Title += ", and the flake was still being looked into"
		j.causes = append(j.causes, c)
	case ctx.Err() == nil:
		j.causes = append(j.causes, diagnose.Eval(err))
	}
}

// isOther says whether a kind is found by `nix flake show` only.
func isOther(k matrix.Kind) bool {
	return k == matrix.KindCheck || k == matrix.KindPackage || k == matrix.KindDevShell || k == matrix.KindFormatter
}

// nothingHint adds where else there might be something.
func nothingHint(err error, others bool) error {
	var nothing *matrix.NothingError
	if !errors.As(err, &nothing) || others {
		return err
	}
	if nothing.Filter == "" {
		return &usageError{
			msg:  "nothing to do: the flake has no hosts and no homes",
			hint: "--kind all takes its packages, checks and shells too",
		}
	}
	return &usageError{msg: err.Error(), hint: "only NixOS hosts and homes take part unless --kind names others, such as darwin, or --vm hosts to boot"}
}
