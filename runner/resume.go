package runner

import (
	"context"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/runner/outcome"
)

// Earlier is a run of the same cells in which not all passed, or that was stopped.
// What passed then is taken over, unless its derivation is another now.
type Earlier struct {
	// Passed are the results to take over, by the ids of cells.
	Passed map[string]outcome.Result
	// Same are those of the very flake: they need not be evaluated.
	Same map[string]bool
	// Homes are those that were found inside hosts of that flake.
	Homes []matrix.Cell
}

// takeOver finishes the cells that need not even be evaluated, and gives the
// others.
func (r *run) takeOver(ctx context.Context, cells []matrix.Cell) []matrix.Cell {
	if r.Earlier == nil {
		return cells
	}
	var rest []matrix.Cell
	done := map[string]bool{}
	for _, vms := range []bool{false, true} { // a VM comes after the homes that are activated in it
		for _, c := range cells {
			switch {
			case (c.Kind == matrix.KindVM) != vms:
			case !r.wasWhole(c):
				rest = append(rest, c)
			default:
				r.startBase(ctx, c)
				for _, id := range append(r.homesInside(c.ID), c.ID) {
					if !done[id] {
						done[id] = true
						r.finish(r.Earlier.Passed[id])
					}
				}
			}
		}
	}
	return rest
}

// wasWhole says whether a cell of the same flake passed, with all that comes with it:
// homes come with the host they are in, and are activated in a VM.
func (r *run) wasWhole(c matrix.Cell) bool {
	ids := append(r.homesInside(c.ID), c.ID)
	switch {
	case c.Kind == matrix.KindVM:
		ids = slices.Concat(ids, r.VM.Homes[c.Host], r.homesInside(string(matrix.KindNixOS)+strings.TrimPrefix(c.ID, string(c.Kind))))
	case c.Part != "" && slices.Contains(r.wanted, c.Part):
		ids = append(r.homesInside(c.Part), c.Part)
	}
	return !slices.ContainsFunc(ids, func(id string) bool { return !r.Earlier.Same[id] })
}

// homesInside are the ids of the homes that are known to be inside a host and take
// part.
func (r *run) homesInside(host string) []string {
	var ids []string
	for _, id := range r.wanted {
		if strings.HasPrefix(id, host+"/home/") {
			ids = append(ids, id)
		}
	}
	for _, h := range r.Earlier.Homes {
		if h.Part == host && r.wants(h) && !slices.Contains(ids, h.ID) {
			ids = append(ids, h.ID)
		}
	}
	return ids
}

// takesOver puts the earlier result in the place of a cell's that was evaluated,
// if it passed then with the same derivation. Nobody boots a host again in which
// nothing is new.
func (r *run) takesOver(res *outcome.Result) bool {
	if r.Earlier == nil {
		return false
	}
	vm := res.Cell.Kind == matrix.KindVM
	old, passed := r.Earlier.Passed[res.Cell.ID]
	passed = passed && old.DrvPath == res.DrvPath && (!vm || r.homesAreOld(res.Cell))
	if passed {
		*res = old
	} else if vm {
		r.forgetActivations(res.Cell)
	}
	return passed
}

// homesAreOld says whether all homes that are activated in a VM are taken over.
func (r *run) homesAreOld(vm matrix.Cell) bool {
	homes, _ := r.homesOf(vm)
	r.mu.Lock()
	defer r.mu.Unlock()
	return !slices.ContainsFunc(homes, func(h VMHome) bool {
		return slices.ContainsFunc(r.results, func(res outcome.Result) bool { return res.Cell.ID == h.Cell.ID && res.From.IsZero() })
	})
}

// forgetActivations takes back that homes were activated in a host, which is to
// boot anew.
func (r *run) forgetActivations(vm matrix.Cell) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.results {
		res := &r.results[i]
		inHost := func(p outcome.Phase) bool { return isActivation(p) && hostOf(res.Cell, p) == vm.Host }
		if !res.From.IsZero() && slices.ContainsFunc(res.Phases, inHost) {
			res.Phases = slices.DeleteFunc(slices.Clone(res.Phases), inHost)
			r.emitFinished(*res)
		}
	}
}
