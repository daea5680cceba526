package runner

import (
	"context"
	"slices"
	"time"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/matrix"
)

// evaluation is what the evaluation of a cell gave.
type evaluation struct {
	instance nix.Instance
	err      error
	phase    Phase
	stopped  Status // set if it was interrupted or took too long
}

// instantiate evaluates a cell.
func (r *run) instantiate(ctx context.Context, c matrix.Cell) evaluation {
	var e evaluation
	var usage proc.Usage
	start := time.Now()
	if ctx.Err() == nil {
		r.started(c, PhaseEval)
	}
	e.stopped = r.bounded(ctx, func(ctx context.Context) {
		e.instance, usage, e.err = r.Target.Instantiate(ctx, r.question(c))
	})
	if e.err == nil {
		e.stopped = ""
	}
	e.phase = Phase{
		Name: PhaseEval, Status: Passed, Started: start,
		Duration: time.Since(start), MaxRSS: usage.MaxRSS,
	}
	return e
}

// question is what to ask for a cell of this kind.
func (r *run) question(c matrix.Cell) nix.Question {
	q := nix.Question{Path: c.Path}
	switch c.Kind {
	case matrix.KindNixOS:
		q.Embedded = r.Embedded != nil || r.hasParts(c)
	case matrix.KindDarwin:
		// nix-darwin's systems have both; some flakes build theirs by hand.
		q.Fallback = slices.Concat(c.Path[:2], []string{"config", "system", "build", "toplevel"})
	case matrix.KindPackage:
		q.Skippable = true
	}
	return q
}

// hasParts says whether homes of the host were asked for by name.
func (r *run) hasParts(host matrix.Cell) bool {
	return slices.ContainsFunc(r.wanted, func(id string) bool {
		return len(id) > len(host.ID)+6 && id[:len(host.ID)+6] == host.ID+"/home/"
	})
}

// evaluate takes a cell through evaluation and hands it on to building, with
// the homes that are found inside it.
func (r *run) evaluate(ctx context.Context, c matrix.Cell) {
	e := r.instantiate(ctx, c)
	if e.err != nil && e.stopped == "" && r.question(c).Embedded {
		if r.blameHomes(ctx, c, e) {
			return
		}
	}
	r.proceed(ctx, c, e)
	for _, h := range e.instance.Homes {
		cell := matrix.EmbeddedCell(c, h.User, h.Username)
		if !r.wants(cell) {
			continue
		}
		cell.System = h.Instance.System
		phase := e.phase
		phase.MaxRSS = 0 // its host's process, counted there
		phase.Duration = 0
		r.proceed(ctx, cell, evaluation{instance: h.Instance, phase: phase})
	}
}

// wants says whether a home found inside a host takes part.
func (r *run) wants(home matrix.Cell) bool {
	return slices.Contains(r.wanted, home.ID) || r.Embedded != nil && r.Embedded(home)
}

// blameHomes looks into a host that does not evaluate: if one of the homes
// inside it fails with the same error, that home is to blame and the host only
// depends on it. It says whether there were homes to look at.
func (r *run) blameHomes(ctx context.Context, host matrix.Cell, e evaluation) bool {
	users, err := r.Target.EmbeddedUsers(ctx, []string{host.Host})
	if err != nil || len(users[host.Host]) == 0 {
		return false
	}
	cause := r.causes.ofEval(e.err)
	res := Result{Cell: host, Status: cause.status(), Causes: []*Cause{cause}, Phases: []Phase{e.phase}}
	for _, user := range users[host.Host] {
		cell := matrix.EmbeddedCell(host, user, "")
		home := r.instantiate(ctx, cell)
		if home.err != nil && home.stopped == "" && r.causes.ofEval(home.err) == cause {
			res.Status = DependencyFailed
		}
		if r.wants(cell) {
			r.proceed(ctx, cell, home)
		}
	}
	res.Phases[0].Status, res.Phases[0].Message = res.Status, cause.Title
	r.finish(res)
	return true
}

// proceed finishes a cell that ends with its evaluation, and hands one that
// does not on to be built.
func (r *run) proceed(ctx context.Context, c matrix.Cell, e evaluation) {
	if e.instance.System != "" {
		c.System = e.instance.System
	}
	res := Result{Cell: c, DrvPath: e.instance.DrvPath, OutPaths: e.instance.Outputs, Phases: []Phase{e.phase}}
	end := func(s Status, causes ...*Cause) {
		res.Status, res.Causes, res.Phases[0].Status = s, causes, s
		if len(causes) > 0 {
			res.Phases[0].Message = causes[0].Title
		}
		r.finish(res)
	}
	switch {
	case e.stopped == TimedOut:
		end(TimedOut, timeoutCause(c.ID, PhaseEval, r.Timeout))
	case e.stopped != "":
		end(e.stopped)
	case e.err != nil:
		cause := r.causes.ofEval(e.err)
		end(cause.status(), cause)
	case e.instance.Skip != "":
		res.Note = e.instance.Skip
		end(Skipped)
	case r.EvalOnly:
		res.How = Evaluated
		end(Passed)
	default:
		r.building.Go(func() error {
			r.build(ctx, res)
			return nil
		})
	}
}
