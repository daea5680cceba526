package runner

import (
	"cmp"
	"context"
	"slices"

	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// bootBase boots a host as it was at the base. Only a boot shows whether it came up then, and
// whether its homes were activated.
func (r *run) bootBase(ctx context.Context, res *outcome.Result) {
	b := r.cellAtBase(res.Cell.ID)
	if b == nil || !r.buildBase(ctx, res, false) {
		return
	}
	vm := VM{Cell: res.Cell, Runner: b.Instance.Outputs["out"], Homes: r.homesToActivateAtBase(res.Cell), AtBase: true}
	if b.Instance.VM != nil {
		vm.Info = *b.Instance.VM
	}
	if r.bring(ctx, vm) != nil {
		return // that is said about the VM itself
	}
	r.root(ctx, vm.Runner)
	booted := r.VM.Boot(ctx, vm, BootOptions{
		Started: func(_ result.Cell, phase result.PhaseName) {
			r.emit(event.Started{Cell: res.Cell, Phase: phase, AtBase: true})
		},
		Once: r.bootCause,
	})
	if ctx.Err() != nil {
		return
	}
	was := outcome.Result{Status: result.Passed}
	for _, p := range booted.Phases {
		was.Add(p)
	}
	endedAtBase(res.Base, was.Status, was.Causes)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.baseActivations[res.Cell.Host] = booted.Homes
}

// homesToActivateAtBase returns the homes to activate in a host as it was at the base.
func (r *run) homesToActivateAtBase(vm result.Cell) []VMHome {
	var list []VMHome
	homes, _ := r.homesOf(vm)
	for _, h := range homes {
		b := r.cellAtBase(h.Cell.ID)
		switch {
		case h.Activation == "":
			list = append(list, h)
		case b != nil && b.Instance.DrvPath != "":
			h.Activation = b.Instance.Outputs["out"]
			list = append(list, h)
		}
	}
	return list
}

func isActivation(p outcome.Phase) bool { return p.Name.Kind == result.PhaseActivate }

// failedHomes reports whether a home failed in a host. It copies no result, because other cells
// are being compared at the same time.
func (r *run) failedHomes(host string) bool {
	for i := range r.results {
		res := &r.results[i]
		if slices.ContainsFunc(res.Phases, func(p outcome.Phase) bool {
			return isActivation(p) && p.Status.BlamesFlake() && hostOf(res.Cell, p) == host
		}) {
			return true
		}
	}
	return false
}

// hostOf returns the host that a home was activated in.
func hostOf(home result.Cell, p outcome.Phase) string {
	return cmp.Or(p.Name.Subject, home.Host)
}

// activatedAtBase returns how a home that failed in hosts ended in them at the base. If it passed
// in one of them, it has broken since.
func (r *run) activatedAtBase(home outcome.Result) (status result.Status, causes []*result.Cause) {
	for _, p := range home.Phases {
		if !isActivation(p) || !p.Status.BlamesFlake() {
			continue
		}
		then := r.activationAtBase(home, p)
		if then.Status == "" || then.Status == result.Passed {
			return then.Status, nil
		}
		status, causes = then.Status, append(causes, then.Causes...)
	}
	return status, causes
}

// activationAtBase returns the phase at the base for an activation that failed now.
func (r *run) activationAtBase(home outcome.Result, now outcome.Phase) outcome.Phase {
	host := hostOf(home.Cell, now)
	for i := range r.results {
		if res := &r.results[i]; res.Cell.Kind == result.KindVM && res.Cell.Host == host && res.Base.Change == result.CellUnchanged {
			return now
		}
	}
	return r.baseActivations[host][home.Cell.ID]
}
