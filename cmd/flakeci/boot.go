package main

import (
	"context"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/outcome"
	"github.com/flakeci/flakeci/vmtest"
)

// booter boots a run's VMs in a lab and tells the runner what came of it.
type booter struct {
	lab    *vmtest.Pool
	checks func(host string) []vmtest.Check
	homes  bool // activate homes
	place  func(ctx context.Context, host, unit string) *result.Location
	redact func(string) string // takes credentials out of what a guest says
}

func (b *booter) boot(ctx context.Context, vm runner.VM, o runner.BootOptions) runner.Booted {
	host := vmtest.Host{
		Name: vm.Cell.Host, Runner: vm.Runner, MemoryMiB: vm.Info.MemoryMiB, Cores: vm.Info.Cores,
		Checks: b.checks(vm.Cell.Host),
	}
	cells := map[string]matrix.Cell{"": vm.Cell}
	for _, h := range vm.Homes {
		if !b.homes {
			break
		}
		cells[h.Cell.ID] = h.Cell
		host.Homes = append(host.Homes, vmtest.Home{
			ID: h.Cell.ID, Username: h.Username, Directory: h.Directory, Activation: h.Activation, Unit: h.Unit,
		})
	}
	lab := b.lab
	if vm.AtBase {
		then := *lab
		then.Artifacts = nil
		lab = &then
	}
	res := lab.Boot(ctx, host, func(home string, phase result.PhaseName) { o.Started(cells[home], phase) })
	t := &translation{booter: b, vm: vm, once: o.Once, known: map[*vmtest.Fault]*result.Cause{}}
	booted := runner.Booted{Note: strings.Join(vm.Info.Without, "; "), Flaky: res.Flaky, Homes: map[string]outcome.Phase{}}
	for _, p := range res.Phases {
		booted.Phases = append(booted.Phases, t.phase(ctx, vm.Cell.ID, p))
	}
	for id, p := range res.Homes {
		if cells[id].Host != vm.Cell.Host {
			p.Name.Subject = vm.Cell.Host // a home that serves several
		}
		booted.Homes[id] = t.phase(ctx, id, p)
	}
	return booted
}

// translation puts what was seen of a host into the runner's words.
type translation struct {
	*booter
	vm     runner.VM
	once   func(string, *result.Cause) *result.Cause
	known  map[*vmtest.Fault]*result.Cause
	placed int // units whose place was looked for
}

func (t *translation) phase(ctx context.Context, cell string, p vmtest.Phase) outcome.Phase {
	phase := outcome.Phase{Phase: p.Phase}
	phase.Message = t.redact(p.Message)
	for _, f := range p.Faults {
		phase.Causes = append(phase.Causes, t.cause(ctx, cell, f))
	}
	if len(p.Faults) > 0 {
		phase.Status = outcome.StatusOf(phase.Causes)
		phase.Message = t.redact(strings.Join(slices.DeleteFunc([]string{p.Faults[0].Title, p.Message}, func(s string) bool { return s == "" }), "; "))
	}
	return phase
}

// cause makes a cause of a fault, the same one where it ended several phases. One
// that is this host's alone says whose it is.
func (t *translation) cause(ctx context.Context, cell string, f *vmtest.Fault) *result.Cause {
	if c := t.known[f]; c != nil {
		return c
	}
	c := f.Cause
	for _, text := range []*string{&c.Title, &c.Message, &c.Hint, &c.LogTail} {
		*text = t.redact(*text)
	}
	if f.Key == "" && !strings.Contains(f.Title, cell) {
		c.Title = t.vm.Cell.ID + ": " + c.Title
	}
	if f.Unit != "" && !t.vm.AtBase && t.placed < mostPlaces && ctx.Err() == nil {
		t.placed++
		c.Location = t.place(ctx, t.vm.Cell.Host, f.Unit)
	}
	t.known[f] = t.once(f.Key, &c)
	return t.known[f]
}

// The most units of a host whose place in the flake is looked for: each time the
// host is evaluated once more.
const mostPlaces = 3
