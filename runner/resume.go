package runner

import (
	"context"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/outcome"
)

// EarlierRun is a run of the same cells that did not pass or was stopped. The new run reuses what
// passed in it, unless the derivation has changed.
type EarlierRun struct {
	// Passed are the results to take over, by the ids of cells.
	Passed map[string]outcome.Result
	// Same are those that the same flake gave: they need no evaluation.
	Same map[string]bool
	// Homes are the homes that were found inside hosts of that flake.
	Homes []result.Cell
}

// takeOverCells finishes the cells that need no evaluation and returns the others.
func (r *run) takeOverCells(ctx context.Context, cells []result.Cell) []result.Cell {
	if r.Earlier == nil {
		return cells
	}
	var rest []result.Cell
	done := map[string]bool{}
	for _, vms := range []bool{false, true} { // a VM comes after the homes that are activated in it
		for _, c := range cells {
			switch {
			case (c.Kind == result.KindVM) != vms:
			case !r.passedWithHomes(c) || r.bootsUnknownUser(c, cells):
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

// passedWithHomes reports whether a cell of the same flake passed, and so did all homes that
// belong to it: to their host, and to the VM that they are activated in.
func (r *run) passedWithHomes(c result.Cell) bool {
	ids := append(r.homesInside(c.ID), c.ID)
	switch {
	case c.Kind == result.KindVM:
		homes := slices.Concat(r.VM.Homes[c.Host], r.homesInside(string(result.KindNixOS)+strings.TrimPrefix(c.ID, string(c.Kind))))
		if slices.ContainsFunc(homes, func(id string) bool { return !activatedIn(c.Host, r.Earlier.Passed[id]) }) {
			return false
		}
		ids = append(ids, homes...)
	case r.ended[c.PartOf] != nil:
		ids = append(r.homesInside(c.PartOf), c.PartOf)
	}
	return !slices.ContainsFunc(ids, func(id string) bool { return !r.Earlier.Same[id] })
}

// bootsUnknownUser reports whether a host has to be booted to activate a home in it, and only the
// evaluation of this cell can tell whose home it is: a report does not say.
func (r *run) bootsUnknownUser(c result.Cell, cells []result.Cell) bool {
	unknown := func(id string) bool {
		home := r.Earlier.Passed[id]
		return home.Cell.Kind == result.KindHome && home.Home.Username == ""
	}
	if !slices.ContainsFunc(append(r.homesInside(c.ID), c.ID), unknown) {
		return false
	}
	return slices.ContainsFunc(cells, func(vm result.Cell) bool {
		return vm.Kind == result.KindVM && (vm.Host == c.Host || slices.Contains(r.VM.Homes[vm.Host], c.ID)) && !r.passedWithHomes(vm)
	})
}

// homesInside returns the ids of the homes that the run includes and that are known to be inside a
// host.
func (r *run) homesInside(host string) []string {
	var ids []string
	for id := range r.ended {
		if strings.HasPrefix(id, host+"/home/") {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, h := range r.Earlier.Homes {
		if h.PartOf == host && r.wants(h) && !slices.Contains(ids, h.ID) {
			ids = append(ids, h.ID)
		}
	}
	return ids
}

// takeOverResult replaces the result of a cell that was evaluated with the earlier one, if it
// passed with the same derivation. It reports whether it did. A host in which nothing is new
// is not booted again.
func (r *run) takeOverResult(res *outcome.Result) bool {
	if r.Earlier == nil {
		return false
	}
	vm := res.Cell.Kind == result.KindVM
	old, passed := r.Earlier.Passed[res.Cell.ID]
	passed = passed && old.DrvPath == res.DrvPath && (!vm || r.homesTakenOver(res.Cell))
	if passed {
		res.Status, res.How, res.Note, res.Flaky, res.From, res.Reported, res.Phases = old.Status, old.How, old.Note, old.Flaky, old.From, old.Reported, old.Phases
	} else if vm {
		r.dropActivations(res.Cell)
	}
	return passed
}

// homesTakenOver reports whether all homes that are activated in a VM are taken over, with their
// activation.
func (r *run) homesTakenOver(vm result.Cell) bool {
	homes, _ := r.homesOf(vm)
	r.mu.Lock()
	defer r.mu.Unlock()
	return !slices.ContainsFunc(homes, func(h VMHome) bool {
		return slices.ContainsFunc(r.results, func(res outcome.Result) bool {
			return res.Cell.ID == h.Cell.ID && (res.From.IsZero() || !activatedIn(vm.Host, res))
		})
	})
}

// dropActivations removes the activations of homes in a host that is booted again.
func (r *run) dropActivations(vm result.Cell) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.results {
		res := &r.results[i]
		inHost := func(p outcome.Phase) bool { return isActivation(p) && hostOf(res.Cell, p) == vm.Host }
		if !res.From.IsZero() && activatedIn(vm.Host, *res) {
			res.Phases = slices.DeleteFunc(slices.Clone(res.Phases), inHost)
			r.emitFinished(*res)
		}
	}
}

// activatedIn reports whether a home was activated in a host.
func activatedIn(host string, home outcome.Result) bool {
	return slices.ContainsFunc(home.Phases, func(p outcome.Phase) bool { return isActivation(p) && hostOf(home.Cell, p) == host })
}
