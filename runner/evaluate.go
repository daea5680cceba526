package runner

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/flakeci/flakeci/internal/diagnose"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/cause"
	"github.com/flakeci/flakeci/runner/evalpool"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// ask queues the evaluation of a cell.
func (r *run) ask(c result.Cell) *evalpool.Query {
	return r.evals.Ask(r.Target, r.question(c), evalpool.Listener{
		Started: func() { r.emit(event.Started{Cell: c, Phase: result.PhaseEval.Name()}) },
		Retrying: func(err error) {
			r.emit(event.Retrying{Cells: []result.Cell{c}, Phase: result.PhaseEval.Name(), Cause: diagnose.Eval(err)})
		},
	})
}

// question returns what to ask for a cell.
func (r *run) question(c result.Cell) question.Question {
	q := question.Question{Path: c.Path}
	if c.Kind.IsHost() {
		q.Host = matrix.HostPath(c)
	}
	switch c.Kind {
	case result.KindHome:
		q.Home = true
	case result.KindVM:
		q = r.vmQuestion(c)
	case result.KindNixOS:
		q.Info, q.Embedded = true, r.includesHomes(c)
	case result.KindDarwin:
		q.Info, q.Embedded = true, r.includesHomes(c)
		// nix-darwin's systems have both attributes; some flakes make their own system.
		q.Fallback = slices.Concat(q.Host, []string{"config", "system", "build", "toplevel"})
	case result.KindPackage:
		q.Skippable = true
	}
	return q
}

// includesHomes reports whether the run may include homes inside the host.
func (r *run) includesHomes(host result.Cell) bool {
	return r.Embedded != nil || r.parts[host.ID] != nil
}

// evaluate waits for the evaluation of a cell and continues with it and with the homes that it
// found inside.
func (r *run) evaluate(ctx context.Context, c result.Cell, asked *evalpool.Query) {
	e := asked.Wait()
	var evalErr *nixlog.EvalError
	if errors.As(e.Err, &evalErr) && e.Stopped == "" && r.question(c).Embedded && r.failWithHomes(ctx, c, e) {
		return
	}
	var found []string
	if e.Err != nil {
		e.Instance.Homes = nil // one of them may be at fault
	}
	for _, h := range e.Instance.Homes {
		cell := matrix.EmbeddedCell(c, h.User, "")
		if !r.wants(cell) {
			continue
		}
		found = append(found, cell.ID)
		r.emit(event.Found{Home: cell})
		cell.System = h.Instance.System
		phase := e.Phase
		phase.MaxRSS = 0 // counted for its host, whose process it was
		phase.Duration = 0
		r.proceed(ctx, cell, evalpool.Answer{Instance: h.Instance, Phase: phase})
	}
	r.proceed(ctx, c, e)
	r.evaluateParts(ctx, c, found)
}

// evaluateParts evaluates the selected homes of a host that were not found inside it, as when
// the host's evaluation was stopped, so that each gets a result.
func (r *run) evaluateParts(ctx context.Context, host result.Cell, found []string) {
	for _, home := range r.parts[host.ID] {
		if !slices.Contains(found, home.ID) {
			r.evaluate(ctx, home, r.ask(home))
		}
	}
}

// wants reports whether the run includes a home found inside a host.
func (r *run) wants(home result.Cell) bool {
	return r.ended[home.ID] != nil || r.Embedded != nil && r.Embedded(home)
}

// proceed finishes a cell that ends with its evaluation, and builds the others.
func (r *run) proceed(ctx context.Context, c result.Cell, e evalpool.Answer) {
	if e.Instance.System != "" {
		c.System = e.Instance.System
	}
	res := outcome.Result{Cell: c, Info: e.Instance.Info, DrvPath: e.Instance.DrvPath, OutPaths: e.Instance.Outputs, Phases: []outcome.Phase{{Phase: e.Phase}}, Flaky: e.Flaky, Warnings: e.Instance.Warnings}
	if e.Instance.Home != nil {
		res.Home = *e.Instance.Home
		res.Cell = c.WithUser(res.Home.Username)
	}
	var vm question.VMInfo
	if e.Instance.VM != nil {
		vm = *e.Instance.VM
	}
	if r.takeOverResult(&res) || r.endsAfterEvaluation(ctx, &res, e) {
		r.finish(res)
		return
	}
	r.Disk.Want(res.DrvPath)
	r.building.Go(safely.Func(func() { r.letGo(ctx, r.build(ctx, res, vm)) }))
}

// endsAfterEvaluation reports whether a cell ends with its evaluation, and sets how.
func (r *run) endsAfterEvaluation(ctx context.Context, res *outcome.Result, e evalpool.Answer) bool {
	typo := r.mistyped(res.Cell)
	switch {
	case e.Stopped == result.TimedOut:
		res.Status, res.Causes = result.TimedOut, []*result.Cause{cause.Timeout(res.Cell.ID, result.PhaseEval, r.Timeout)}
	case e.Stopped != "":
		res.Status = e.Stopped
	case e.Err != nil:
		res.Causes = r.causes.OfEval(ctx, cmp.Or(res.Cell.PartOf, res.Cell.ID), r.places.locate(r.Target, res.Cell, e))
		res.Status = cause.CellStatus("", res.Causes)
	case e.Instance.Skip != "":
		res.Status, res.Note = result.Skipped, e.Instance.Skip
	case len(typo) > 0:
		res.Causes, res.Status = typo, cause.CellStatus("", typo)
	case !r.wantsSystem(res.Cell):
		res.Status, res.Note = result.Skipped, "is for "+res.Cell.System+", which was not requested"
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

// wantsSystem reports whether a cell is for a system that the run includes. For some cells the
// system is known only after evaluation.
func (r *run) wantsSystem(c result.Cell) bool {
	return len(r.Systems) == 0 || slices.Contains(r.Systems, c.System)
}
