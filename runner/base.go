package runner

import (
	"context"
	"slices"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/evalpool"
	"github.com/flakeci/flakeci/runner/outcome"
)

// Base is the flake before a change, with which a run is compared. Either Target
// or Known may be missing.
type Base struct {
	// Target is evaluated for the cells of the run. It is nil where the base has
	// no flake, or only Known tells of it.
	Target *nix.Target
	// Matrix is all that it offers.
	Matrix matrix.Matrix
	// Lost is why a cell that Matrix does not have may have been there: an output
	// that could not be listed, or a flake that does not evaluate at all.
	Lost *result.Cause
	// Removed are the cells that the run would have, were they still there.
	Removed []matrix.Cell
	// Known is what an earlier run came to, by the ids of cells.
	Known map[string]Known
	// Closures looks up what changed hosts and homes are made of; nil does not.
	Closures *nix.Closures
	// ChangedOnly leaves out what is as it was.
	ChangedOnly bool
}

// Known is what an earlier run says of a cell.
type Known struct {
	DrvPath  string
	OutPaths map[string]string
	Status   result.Status
	How      result.How
	Cause    string // the title of why it did not pass
	// InHosts says that it is a home that was activated in hosts.
	InHosts bool
}

// answers says whether what is known of a cell tells what became of it then, as far
// as the run looked into it now.
func (k Known) answers(res outcome.Result, evalOnly bool) bool {
	inHosts := slices.ContainsFunc(res.Phases, isActivation)
	switch {
	case !k.Status.BlamesFlake() && k.Status != result.Passed, k.How == result.Unchanged, k.InHosts != inHosts:
		return false
	}
	return k.How != result.Evaluated || evalOnly || res.How == result.Evaluated
}

// atBase is a cell as it was at the base.
type atBase struct {
	done chan struct{} // closed when the rest is known
	evalpool.Answer
	lost *result.Cause // why nothing is known
}

// startBase evaluates a cell at the base, in turn with the cells of the run, if
// there is such a cell.
func (r *run) startBase(ctx context.Context, c matrix.Cell) {
	if r.Base == nil || r.Base.Target == nil || !r.Base.has(c) {
		return
	}
	b := &atBase{done: make(chan struct{})}
	r.mu.Lock()
	r.atBase[c.ID] = b
	r.mu.Unlock()
	var asked *evalpool.Query
	if c.Kind != matrix.KindVM { // which comes after its homes
		asked = r.evals.Ask(r.Base.Target, r.question(c), evalpool.Listener{})
	}
	r.atBases.Go(safely.Error(func() error {
		defer close(b.done)
		r.evaluateBase(ctx, c, b, asked)
		return nil
	}))
}

func (b *Base) has(c matrix.Cell) bool {
	return slices.ContainsFunc(b.Matrix.Cells, func(o matrix.Cell) bool { return o.ID == c.ID })
}

// evaluateBase evaluates a cell at the base. What is wrong there is a cause that
// the cell of the run may have, too. Asked is nil if it is not on its way yet.
func (r *run) evaluateBase(ctx context.Context, c matrix.Cell, b *atBase, asked *evalpool.Query) {
	if asked == nil {
		q := r.question(c)
		if q.VM != nil {
			q.VM.Homes = r.homesAtBase(c)
		}
		asked = r.evals.Ask(r.Base.Target, q, evalpool.Listener{})
	}
	b.Answer = asked.Wait()
	if b.Err != nil && b.Stopped == "" {
		b.lost = r.causes.OfEval(ctx, b.Err)
	}
}

// homesAtBase are the paths of the homes to activate in a VM that were there at
// the base.
func (r *run) homesAtBase(vm matrix.Cell) [][]string {
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

func (r *run) cellAtBase(id string) *atBase {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.atBase[id]
}

// findAtBase gives what a cell was at the base, nil if it was not there. A home
// inside a host is found there with the host; one of a host that does not evaluate
// is evaluated by itself.
func (r *run) findAtBase(ctx context.Context, c matrix.Cell) *atBase {
	if b := r.cellAtBase(c.ID); b != nil {
		<-b.done
		return b
	}
	host := r.cellAtBase(c.Part)
	if c.Part == "" || host == nil {
		return nil
	}
	<-host.done
	if host.Err != nil {
		return r.aloneAtBase(ctx, c)
	}
	for _, h := range host.Instance.Homes {
		if matrix.EmbeddedCell(matrix.Cell{ID: c.Part}, h.User, "").ID == c.ID {
			return &atBase{Answer: evalpool.Answer{Instance: h.Instance}}
		}
	}
	return nil
}

// aloneAtBase evaluates a home by itself, once.
func (r *run) aloneAtBase(ctx context.Context, c matrix.Cell) *atBase {
	r.mu.Lock()
	b, known := r.atBase[c.ID]
	if !known {
		b = &atBase{done: make(chan struct{})}
		r.atBase[c.ID] = b
	}
	r.mu.Unlock()
	if known {
		<-b.done
		return b
	}
	defer close(b.done)
	r.evaluateBase(ctx, c, b, nil)
	return b
}

// isUnchanged says whether a cell is left out because it is as it was.
func (r *run) isUnchanged(ctx context.Context, res outcome.Result) bool {
	if r.Base == nil || !r.Base.ChangedOnly {
		return false
	}
	known, reported := r.Base.Known[res.Cell.ID]
	if reported && known.Status.BlamesFlake() {
		return false // it is to be seen whether it still fails
	}
	if r.Base.Target == nil {
		return reported && known.DrvPath == res.DrvPath
	}
	b := r.findAtBase(ctx, res.Cell)
	return b != nil && b.Instance.DrvPath == res.DrvPath
}
