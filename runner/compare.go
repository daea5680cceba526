package runner

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/buildpool"
	"github.com/flakeci/flakeci/runner/cause"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// compare compares every cell with the base. It may have to build cells as they were, so it
// comes after everything else.
func (r *run) compare(ctx context.Context) {
	if r.Base == nil {
		return
	}
	r.baseEvals.Wait()
	// Only the boot of a host shows how the activation of its homes ended, so VMs come first.
	for _, vms := range []bool{true, false} {
		var all sync.WaitGroup
		for i := range r.results {
			if res := &r.results[i]; (res.Cell.Kind == result.KindVM) == vms {
				all.Go(safely.Func(func() { r.compareCell(ctx, res) }))
			}
		}
		all.Wait()
	}
	r.results = append(r.results, r.removedCells()...)
}

// removedCells returns results for the cells that are no longer there.
func (r *run) removedCells() []outcome.Result {
	gone := slices.Clone(r.Base.Removed)
	for _, res := range r.results {
		host := r.cellAtBase(res.Cell.ID)
		if host == nil {
			continue
		}
		for _, h := range host.Instance.Homes {
			c := matrix.EmbeddedCell(res.Cell, h.User, h.Username)
			if r.wants(c) && res.DrvPath != "" && !hasResult(r.results, c.ID) {
				gone = append(gone, c)
			}
		}
	}
	var list []outcome.Result
	for _, c := range gone {
		if !hasResult(list, c.ID) {
			list = append(list, outcome.Result{Cell: c, Status: result.Skipped, Note: "no longer in the flake", Base: &result.CellBase{Change: result.CellRemoved}})
		}
	}
	return list
}

func hasResult(list []outcome.Result, id string) bool {
	return slices.ContainsFunc(list, func(res outcome.Result) bool { return res.Cell.ID == id })
}

// compareCell compares one cell with the base.
func (r *run) compareCell(ctx context.Context, res *outcome.Result) {
	res.Base = r.changeSinceBase(ctx, *res)
	r.Disk.Want(res.Base.DrvPath)
	defer r.Disk.Leave(res.Base.DrvPath)
	defer r.Disk.LetGo(res.Base.DrvPath)
	known, reported := r.Base.Known[res.Cell.ID]
	// A result of the same derivation at the base saves building it.
	fits := cmp.Or(res.Base.DrvPath, known.DrvPath) == known.DrvPath && known.answers(*res, r.EvalOnly)
	if reported && fits && res.Base.Status == "" && res.Base.Change != result.CellAdded {
		endedAtBase(res.Base, known.Status, known.Causes)
	}
	if res.Base.Status == "" && res.Base.DrvPath != "" {
		r.findBaseStatus(ctx, res)
	}
	res.Base.Outcome = res.AgainstBase()
	switch o := res.Base.Outcome; {
	case o == result.Same, o == result.AlreadyBroken:
		res.Base.Note = ""
	case o == result.NewFailure && res.Base.Note != "":
		res.Base.Note = "it failed at the base for another reason: " + res.Base.Note
	}
	if res.Base.Change == result.CellUnknown && res.Base.Note == "" {
		res.Base.Note = "it does not evaluate"
	}
	if !r.PlanOnly || res.How != result.Evaluated {
		r.compareClosures(ctx, res)
	}
	r.emit(event.Compared{Result: *res})
}

// changeSinceBase compares a cell with the base as far as evaluation shows.
func (r *run) changeSinceBase(ctx context.Context, res outcome.Result) *result.CellBase {
	if r.Base.Target == nil && r.Base.Incomplete == nil {
		known, reported := r.Base.Known[res.Cell.ID]
		return &result.CellBase{Change: changeOf(res, known.DrvPath, reported), DrvPath: known.DrvPath}
	}
	b := r.findAtBase(ctx, res.Cell)
	switch {
	case b == nil && r.Base.Incomplete != nil:
		return endedAtBase(&result.CellBase{Change: result.CellUnknown}, r.Base.Incomplete.Kind.Status(), []*result.Cause{r.Base.Incomplete})
	case b == nil:
		return &result.CellBase{Change: result.CellAdded}
	case b.causes != nil:
		return endedAtBase(&result.CellBase{Change: result.CellUnknown}, cause.CellStatus("", b.causes), b.causes)
	case b.Stopped == result.TimedOut:
		slow := cause.Timeout(res.Cell.ID, result.PhaseEval, r.Timeout)
		return endedAtBase(&result.CellBase{Change: result.CellUnknown}, result.TimedOut, []*result.Cause{slow})
	case b.Stopped == result.Canceled:
		return &result.CellBase{Change: result.CellUnknown, Note: "it was not evaluated"}
	}
	if b.Instance.Skip != "" && b.Instance.Skip == res.Note {
		return &result.CellBase{Change: result.CellUnchanged} // left out then and now
	}
	return &result.CellBase{Change: changeOf(res, b.Instance.DrvPath, true), DrvPath: b.Instance.DrvPath}
}

func changeOf(res outcome.Result, drv string, there bool) result.Change {
	switch {
	case !there:
		return result.CellAdded
	case res.DrvPath == "" || drv == "":
		return result.CellUnknown
	case res.DrvPath == drv:
		return result.CellUnchanged
	}
	return result.CellChanged
}

// endedAtBase records how a cell ended at the base, and for which causes.
func endedAtBase(b *result.CellBase, status result.Status, causes []*result.Cause) *result.CellBase {
	b.Status, b.Causes, b.Note = status, nil, ""
	for _, c := range causes {
		b.Causes = append(b.Causes, c.StableKey())
	}
	if len(causes) > 0 {
		b.Note = causes[0].Title
	}
	return b
}

// findBaseStatus finds out how a cell ended at the base. An unchanged cell would end the same
// way. What fails now is built or booted there. What passes now is built there as well, unless
// it is in the store or in a substituter.
func (r *run) findBaseStatus(ctx context.Context, res *outcome.Result) {
	vm := res.Cell.Kind == result.KindVM
	inHosts := slices.ContainsFunc(res.Phases, func(p outcome.Phase) bool { return isActivation(p) && p.Status.BlamesFlake() })
	switch {
	case res.How == result.Unchanged:
	case inHosts && !vm:
		status, causes := r.activatedAtBase(*res)
		endedAtBase(res.Base, status, causes)
	case res.Base.Change == result.CellUnchanged:
		endedAtBase(res.Base, res.Status, res.Causes)
	case r.EvalOnly, res.How == result.Evaluated:
		res.Base.Status = result.Passed
	case vm && r.VM.Boot != nil && (res.Status.BlamesFlake() || r.failedHomes(res.Cell.Host)):
		r.bootBase(ctx, res)
	case res.Status.BlamesFlake():
		r.buildBase(ctx, res, false)
	case res.Status == result.Passed && !vm:
		r.buildBase(ctx, res, true)
	}
}

// buildBase builds a cell as it was at the base and reports whether that passed. With
// ifMissing, what can be fetched passes without being fetched.
func (r *run) buildBase(ctx context.Context, res *outcome.Result, ifMissing bool) bool {
	cell := res.Cell
	outputs := r.Base.Known[cell.ID].OutPaths
	if was := r.findAtBase(ctx, cell); was != nil {
		cell.System, outputs = was.Instance.System, was.Instance.Outputs // known only at the base if it does not evaluate now
	}
	b := r.builds.Build(buildpool.Request{Cell: cell, Drv: res.Base.DrvPath, Outputs: outputs, AtBase: true, IfMissing: ifMissing})
	switch {
	case b.How == result.Evaluated && res.DrvPath == "":
		// This machine cannot build it, but it did evaluate, which it does not now.
		b.Status, b.Causes = result.Passed, nil
	case b.How == result.Evaluated, b.Status == result.Canceled:
		return false // it was not tried
	}
	endedAtBase(res.Base, b.Status, b.Causes)
	return b.Status == result.Passed
}
