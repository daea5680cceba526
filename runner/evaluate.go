package runner

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

// evaluation is what the evaluation of a cell gave.
type evaluation struct {
	instance nix.Instance
	err      error
	phase    Phase
	stopped  result.Status // set if it was interrupted or took too long
	flaky    bool          // it took a second time
}

// ask has a cell evaluated.
func (r *run) ask(c matrix.Cell) *query {
	return r.evals.ask(r.Target, r.question(c), listener{began: func() { r.started(c, string(result.PhaseEval)) }, again: func(err error) {
		r.retried([]matrix.Cell{c}, string(result.PhaseEval), evalCause(err))
	}, warned: func(text string) { r.warns(c, text) }})
}

// mostWarnings is how many different warnings are told of.
const mostWarnings = 100

// warns tells of a warning of the flake, unless it is known.
func (r *run) warns(c matrix.Cell, text string) {
	r.mu.Lock()
	known := r.warned[text] || len(r.warned) == mostWarnings
	if !known {
		r.warned[text] = true
	}
	r.mu.Unlock()
	if known {
		return
	}
	r.watch(func(w Watcher) {
		if w.Warned != nil {
			w.Warned(c, text)
		}
	})
}

// question is what to ask for a cell of this kind.
func (r *run) question(c matrix.Cell) nix.Question {
	q := nix.Question{Path: c.Path}
	switch c.Kind {
	case matrix.KindHome:
		q.Home = true
	case matrix.KindVM:
		q = r.vmQuestion(c)
	case matrix.KindNixOS:
		q.Embedded = r.takesHomes(c)
	case matrix.KindDarwin:
		q.Embedded = r.takesHomes(c)
		// nix-darwin's systems have both; some flakes build theirs by hand.
		q.Fallback = slices.Concat(c.Path[:2], []string{"config", "system", "build", "toplevel"})
	case matrix.KindPackage:
		q.Skippable = true
	}
	return q
}

// takesHomes says whether homes inside the host take part.
func (r *run) takesHomes(host matrix.Cell) bool {
	return r.Embedded != nil || slices.ContainsFunc(r.wanted, func(id string) bool { return strings.HasPrefix(id, host.ID+"/home/") })
}

// evaluate awaits the evaluation of a cell and hands it on to building, with the
// homes that are found inside it.
func (r *run) evaluate(ctx context.Context, c matrix.Cell, asked *query) {
	e := asked.wait()
	var evalErr *nixlog.EvalError
	if errors.As(e.err, &evalErr) && e.stopped == "" && r.question(c).Embedded && r.blameHomes(ctx, c, e) {
		return
	}
	var found []string
	if e.err != nil {
		e.instance.Homes = nil // one of which may be what is wrong
	}
	for _, h := range e.instance.Homes {
		cell := matrix.EmbeddedCell(c, h.User, "")
		if !r.wants(cell) {
			continue
		}
		found = append(found, cell.ID)
		r.found(cell)
		cell.System = h.Instance.System
		phase := e.phase
		phase.MaxRSS = 0 // its host's process, counted there
		phase.Duration = 0
		r.proceed(ctx, cell, evaluation{instance: h.Instance, phase: phase})
	}
	r.proceed(ctx, c, e)
	r.evaluateParts(ctx, c, found)
}

// evaluateParts takes the homes of a host through evaluation that were not found
// inside it, as those of a host that was stopped. None is left without a result.
func (r *run) evaluateParts(ctx context.Context, host matrix.Cell, found []string) {
	for _, home := range r.parts[host.ID] {
		if !slices.Contains(found, home.ID) {
			r.evaluate(ctx, home, r.ask(home))
		}
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
	inside := r.evals.ask(r.Target, nix.Question{Path: host.Path, Users: true}, listener{}).wait()
	if inside.err != nil || len(inside.instance.Homes) == 0 {
		return false
	}
	cause := r.evalCause(ctx, e.err)
	res := Result{Cell: host, Status: blame("", []*result.Cause{cause}), Causes: []*result.Cause{cause}, Phases: []Phase{e.phase}}
	var found []string
	for _, h := range inside.instance.Homes {
		cell := matrix.EmbeddedCell(host, h.User, "")
		found = append(found, cell.ID)
		home := r.ask(cell).wait()
		if home.err != nil && home.stopped == "" && r.evalCause(ctx, home.err) == cause {
			res.Status = result.DependencyFailed
		}
		if r.wants(cell) {
			r.found(cell)
			r.proceed(ctx, cell, home)
		}
	}
	res.Phases[0].Status, res.Phases[0].Message = res.Status, cause.Title
	r.finish(res)
	r.evaluateParts(ctx, host, found)
	return true
}

// proceed finishes a cell that ends with its evaluation, and hands one that
// does not on to be built.
func (r *run) proceed(ctx context.Context, c matrix.Cell, e evaluation) {
	if e.instance.System != "" {
		c.System = e.instance.System
	}
	res := Result{Cell: c, DrvPath: e.instance.DrvPath, OutPaths: e.instance.Outputs, Phases: []Phase{e.phase}, Flaky: e.flaky}
	if e.instance.Home != nil {
		res.Home = *e.instance.Home
		res.Cell = c.WithUser(res.Home.Username)
	}
	if e.instance.VM != nil {
		res.vm = *e.instance.VM
	}
	if r.takesOver(&res) || r.endsWith(ctx, &res, e) {
		r.finish(res)
		return
	}
	b := r.buildOf(res.DrvPath)
	r.building.Go(safely.Error(func() error {
		r.build(ctx, res, b)
		return nil
	}))
}

// endsWith says whether a cell ends with its evaluation, and how.
func (r *run) endsWith(ctx context.Context, res *Result, e evaluation) bool {
	switch {
	case e.stopped == result.TimedOut:
		res.Status, res.Causes = result.TimedOut, []*result.Cause{timeoutCause(res.Cell.ID, result.PhaseEval, r.Timeout)}
	case e.stopped != "":
		res.Status = e.stopped
	case e.err != nil:
		res.Causes = []*result.Cause{r.evalCause(ctx, e.err)}
		res.Status = blame("", res.Causes)
	case e.instance.Skip != "":
		res.Status, res.Note = result.Skipped, e.instance.Skip
	case !r.admits(res.Cell):
		res.Status, res.Note = result.Skipped, "is for "+res.Cell.System+", which was not asked for"
	case r.EvalOnly:
		res.Status, res.How = result.Passed, result.Evaluated
	default:
		return false
	}
	res.Phases[0].Status = res.Status
	if len(res.Causes) > 0 {
		res.Phases[0].Message = res.Causes[0].Title
	}
	return true
}

// admits has the last word on a cell whose system only evaluation told.
func (r *run) admits(c matrix.Cell) bool {
	return len(r.Systems) == 0 || slices.Contains(r.Systems, c.System)
}
