package runner

import (
	"cmp"
	"context"
	"slices"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/evalpool"
	"github.com/flakeci/flakeci/runner/outcome"
)

// Base is the flake before a change, with which the run is compared. Target or Known may be
// missing.
type Base struct {
	// Target is evaluated for the cells of the run. It is nil if the base has no flake, or if only
	// Known is given.
	Target *nix.Target
	// Matrix is what the base offers.
	Matrix matrix.Matrix
	// Incomplete is why the base may have cells that Matrix lacks: an output could not be
	// listed, or the flake does not evaluate at all. Nil if Matrix is complete.
	Incomplete *result.Cause
	// Removed are cells of the base that the run would select if they still existed.
	Removed []result.Cell
	// Known are results of a run of the base, by the ids of cells.
	Known map[string]Known
	// Closures looks up the closures of changed hosts and homes; nil compares none.
	Closures *nix.Closures
	// ChangedOnly leaves out unchanged cells.
	ChangedOnly bool
}

// Known is the result of a cell in an earlier run of the base.
type Known struct {
	DrvPath  string
	OutPaths map[string]string
	Status   result.Status
	How      result.How
	Causes   []*result.Cause // why it did not pass
	// InHosts means that the cell is a home that was activated in hosts.
	InHosts bool
}

// answers reports whether the result covers all that this run did with the cell.
func (k Known) answers(res outcome.Result, evalOnly bool) bool {
	inHosts := slices.ContainsFunc(res.Phases, isActivation)
	switch {
	case !k.Status.BlamesFlake() && k.Status != result.Passed, k.How == result.Unchanged, k.InHosts != inHosts:
		return false
	}
	return k.How != result.Evaluated || evalOnly || res.How == result.Evaluated
}

// baseCell is a cell as it was at the base.
type baseCell struct {
	done chan struct{} // closed when the rest is known
	evalpool.Answer
	causes []*result.Cause // why it did not evaluate
}

// startBase evaluates a cell at the base, if it was there. The evaluations of the base take
// turns with those of the run.
func (r *run) startBase(ctx context.Context, c result.Cell) {
	if r.Base == nil || r.Base.Target == nil || !matrix.Has(r.Base.Matrix.Cells, c.ID) {
		return
	}
	b := &baseCell{done: make(chan struct{})}
	r.mu.Lock()
	r.baseCells[c.ID] = b
	r.mu.Unlock()
	var asked *evalpool.Query
	if c.Kind != result.KindVM { // a VM waits for its homes
		asked = r.evals.Ask(r.Base.Target, r.question(c), evalpool.Listener{})
	}
	r.baseEvals.Go(safely.Func(func() {
		defer close(b.done)
		r.evaluateBase(ctx, c, b, asked)
	}))
}

// evaluateBase evaluates a cell at the base. If it fails, the cell of the run may have the same
// cause. Asked is nil if the evaluation is not queued yet.
func (r *run) evaluateBase(ctx context.Context, c result.Cell, b *baseCell, asked *evalpool.Query) {
	if asked == nil {
		q := r.question(c)
		if q.VM != nil {
			q.VM.Homes = r.pathsOfHomesAtBase(c)
		}
		asked = r.evals.Ask(r.Base.Target, q, evalpool.Listener{})
	}
	b.Answer = asked.Wait()
	if b.Err != nil && b.Stopped == "" {
		b.causes = r.causes.OfEval(ctx, cmp.Or(c.PartOf, c.ID), r.places.locate(r.Base.Target, c, b.Answer))
	}
}

// pathsOfHomesAtBase returns the attribute paths of the homes to activate in a VM as it was at
// the base.
func (r *run) pathsOfHomesAtBase(vm result.Cell) [][]string {
	var paths [][]string
	homes, _ := r.homesOf(vm)
	for _, h := range homes {
		if b := r.cellAtBase(h.Cell.ID); h.Activation != "" && b != nil {
			<-b.done
			if b.Instance.DrvPath != "" {
				paths = append(paths, h.Cell.Path)
			}
		}
	}
	return paths
}

// cellAtBase returns the cell of the base with this id, nil if it was not evaluated.
func (r *run) cellAtBase(id string) *baseCell {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.baseCells[id]
}

// findAtBase waits for a cell as it was at the base; nil if it was not there. A home inside a
// host is found with the host. If the host does not evaluate, the home is evaluated alone.
func (r *run) findAtBase(ctx context.Context, c result.Cell) *baseCell {
	if b := r.cellAtBase(c.ID); b != nil {
		<-b.done
		return b
	}
	host := r.cellAtBase(c.PartOf)
	if c.PartOf == "" || host == nil {
		return nil
	}
	<-host.done
	if host.Err != nil {
		return r.evaluateAloneAtBase(ctx, c, host)
	}
	for _, h := range host.Instance.Homes {
		if matrix.EmbeddedCell(result.Cell{ID: c.PartOf}, h.User, "").ID == c.ID {
			return &baseCell{Answer: evalpool.Answer{Instance: h.Instance}}
		}
	}
	return nil
}

// evaluateAloneAtBase evaluates a home alone, once. If only its host failed, the home could not be
// deployed either, and has the causes of the host.
func (r *run) evaluateAloneAtBase(ctx context.Context, c result.Cell, host *baseCell) *baseCell {
	r.mu.Lock()
	b, known := r.baseCells[c.ID]
	if !known {
		b = &baseCell{done: make(chan struct{})}
		r.baseCells[c.ID] = b
	}
	r.mu.Unlock()
	if known {
		<-b.done
		return b
	}
	defer close(b.done)
	r.evaluateBase(ctx, c, b, nil)
	if b.Err == nil && b.Stopped == "" && host.causes != nil {
		b.Answer, b.causes = evalpool.Answer{}, host.causes
	}
	return b
}

// isUnchanged reports whether to leave out a cell because it has not changed.
func (r *run) isUnchanged(ctx context.Context, res outcome.Result) bool {
	if r.Base == nil || !r.Base.ChangedOnly {
		return false
	}
	known, reported := r.Base.Known[res.Cell.ID]
	if reported && known.Status.BlamesFlake() {
		return false // it may be fixed
	}
	if r.Base.Target == nil {
		return reported && known.DrvPath == res.DrvPath
	}
	b := r.findAtBase(ctx, res.Cell)
	return b != nil && b.Instance.DrvPath == res.DrvPath
}
