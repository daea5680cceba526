// Package vmboot boots the hosts of a run with vmtest.
package vmboot

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/outcome"
	"github.com/flakeci/flakeci/vmtest"
	"github.com/flakeci/flakeci/vmtest/check"
)

// Booter boots a run's VMs and returns the results to the runner.
type Booter struct {
	Pool   *vmtest.Pool
	Checks func(host string) []check.Check
	Homes  bool // activate homes
	// Find finds a unit in the flake. After a call that took longer than MaxFind, it is not
	// called again: a flake's options can take forever to evaluate, and a guest can invent
	// units.
	Find    func(ctx context.Context, host, unit string) (result.Location, error)
	MaxFind time.Duration
	Redact  func(string) string // masks credentials in the output of a guest

	late atomic.Bool // Find took too long
}

// Boot is a [runner.BootFunc].
func (b *Booter) Boot(ctx context.Context, vm runner.VM, o runner.BootOptions) runner.BootResult {
	host := vmtest.Host{
		Name: vm.Cell.Host, Runner: vm.Runner, MemoryMiB: vm.Info.MemoryMiB, Cores: vm.Info.Cores,
		Checks: b.Checks(vm.Cell.Host),
	}
	cells := map[string]result.Cell{"": vm.Cell}
	for _, h := range vm.Homes {
		if !b.Homes {
			break
		}
		cells[h.Cell.ID] = h.Cell
		host.Homes = append(host.Homes, vmtest.Home{
			ID: h.Cell.ID, Username: h.Username, Directory: h.Directory, Activation: h.Activation, Unit: h.Unit,
		})
	}
	pool := b.Pool
	if vm.AtBase {
		atBase := *pool
		atBase.Artifacts = nil
		pool = &atBase
	}
	res := pool.Boot(ctx, host, func(home string, phase result.PhaseName) { o.Started(cells[home], phase) })
	t := &translator{Booter: b, vm: vm, once: o.Once, known: map[*vmtest.Fault]*result.Cause{}}
	booted := runner.BootResult{Note: strings.Join(vm.Info.Without, "; "), Flaky: res.Flaky, Homes: map[string]outcome.Phase{}}
	for _, p := range res.Phases {
		booted.Phases = append(booted.Phases, t.phase(ctx, vm.Cell.ID, p))
	}
	for id, p := range res.Homes {
		if cells[id].Host != vm.Cell.Host {
			p.Name.Subject = vm.Cell.Host // a home on several hosts
		}
		booted.Homes[id] = t.phase(ctx, id, p)
	}
	return booted
}

// translator turns the results of a boot into those of the runner.
type translator struct {
	*Booter
	vm     runner.VM
	once   func(string, *result.Cause) *result.Cause
	known  map[*vmtest.Fault]*result.Cause
	placed int // units that were looked up
}

func (t *translator) phase(ctx context.Context, cell string, p vmtest.Phase) outcome.Phase {
	phase := outcome.Phase{Phase: p.Phase}
	phase.Message = t.Redact(p.Message)
	for _, f := range p.Faults {
		phase.Causes = append(phase.Causes, t.cause(ctx, cell, f))
	}
	if len(p.Faults) > 0 {
		phase.Status = outcome.PhaseStatus(phase.Causes)
		phase.Message = t.Redact(strings.Join(slices.DeleteFunc([]string{p.Faults[0].Title, p.Message}, func(s string) bool { return s == "" }), "; "))
	}
	return phase
}

// cause returns the cause of a fault, which may have ended several phases. For a fault of
// this host alone, the title names the host.
func (t *translator) cause(ctx context.Context, cell string, f *vmtest.Fault) *result.Cause {
	if c := t.known[f]; c != nil {
		return c
	}
	c := f.Cause
	for _, text := range []*string{&c.Title, &c.Message, &c.Hint, &c.LogTail} {
		*text = t.Redact(*text)
	}
	if f.Shared == "" && !strings.Contains(f.Title, cell) {
		c.Title = t.vm.Cell.ID + ": " + c.Title
	}
	if f.Unit != "" && !t.vm.AtBase && t.placed < maxUnitLookups && ctx.Err() == nil {
		t.placed++
		c.Location = t.place(ctx, t.vm.Cell.Host, f.Unit)
	}
	t.known[f] = t.once(f.Shared, &c)
	return t.known[f]
}

// place returns where a unit is in the flake, or nil: the report can do without.
func (b *Booter) place(ctx context.Context, host, unit string) *result.Location {
	if b.late.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, b.MaxFind)
	defer cancel()
	place, err := b.Find(ctx, host, unit)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		b.late.Store(true)
	}
	if err != nil {
		return nil
	}
	return place.OrNil()
}

// maxUnitLookups is how many units of a host are looked up in the flake: each lookup
// evaluates the host again.
const maxUnitLookups = 3

// HomesByHost lists, for each host to boot, the ids of the homes on it that are not part of
// it.
func HomesByHost(m matrix.Matrix) map[string][]string {
	homes := map[string][]string{}
	for _, c := range m.Cells {
		if c.Kind != result.KindVM {
			continue
		}
		for _, user := range m.Grid.Users {
			if h, ok := m.Home(c.Host, user); ok && h.PartOf == "" {
				homes[c.Host] = append(homes[c.Host], h.ID)
			}
		}
	}
	return homes
}
