package runner

import (
	"context"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// VMOptions say what is done with VMs.
type VMOptions struct {
	// Boot boots one; nil leaves it at building them.
	Boot Booter
	// Homes are, by host, the ids of the homes that serve it and stand on their
	// own. They are activated in it.
	Homes map[string][]string
	// MemoryMiB and Cores are what each guest gets; 0 leaves it to the host.
	MemoryMiB, Cores int
	// Autologin logs root in on the serial console of each.
	Autologin bool
}

// VM is a host whose machine is built and may boot.
type VM struct {
	Cell   matrix.Cell
	Runner string // the folder that holds bin/run-NAME-vm
	Info   nix.VMInfo
	Homes  []VMHome
	// AtBase says that it is the host as it was before the change: no evidence is
	// kept of it.
	AtBase bool
}

// VMHome is a home of the host that was built.
type VMHome struct {
	Cell                matrix.Cell
	Username, Directory string
	Activation          string // the activation package, empty for a home that the host embeds
	Unit                string // what activates one that it embeds
}

// Booted is what came of booting a host.
type Booted struct {
	Note   string // what is to be known of a host whatever came of it
	Flaky  bool
	Phases []outcome.Phase
	// Homes are the phases of the homes that were activated in the host, by the
	// ids of their cells.
	Homes map[string]outcome.Phase
}

// Booter boots a VM. It says of each phase that it begins, and tells the same
// cause of several hosts from others by [Once].
type Booter func(ctx context.Context, vm VM, o BootOptions) Booted

// BootOptions are what a [Booter] needs of the run.
type BootOptions struct {
	// Started says that a phase of a cell begins.
	Started func(cell matrix.Cell, phase result.PhaseName)
	// Once gives the cause that is known under the key, or takes in this one.
	Once func(key string, c *result.Cause) *result.Cause
}

// vms takes VMs through evaluation, building and booting, each as soon as the
// other cells of its host are done: what they build is part of the VM, and only
// a home that was built can be activated in it.
func (r *run) vms(ctx context.Context, cells []matrix.Cell) {
	for _, vm := range cells {
		if vm.Kind != matrix.KindVM {
			continue
		}
		first := r.firstFor(vm, cells)
		r.building.Go(safely.Error(func() error {
			for _, id := range first {
				<-r.ended[id]
			}
			r.startBase(ctx, vm)
			r.evaluate(ctx, vm, r.ask(vm))
			return nil
		}))
	}
}

// firstFor lists the cells that a VM comes after.
func (r *run) firstFor(vm matrix.Cell, cells []matrix.Cell) []string {
	var ids []string
	for _, c := range cells {
		if c.Kind != matrix.KindVM && (c.Host == vm.Host || slices.Contains(r.VM.Homes[vm.Host], c.ID)) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// homesOf are the homes to activate in the host of a VM: of those that serve it,
// the ones that were built. Without tells of each that cannot be, and why.
func (r *run) homesOf(vm matrix.Cell) (homes []VMHome, without []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, res := range r.homes {
		c := res.Cell
		embedded := c.Host == vm.Host && strings.HasPrefix(c.Part, string(matrix.KindNixOS)+"/")
		h := VMHome{Cell: c, Username: res.Home.Username, Directory: res.Home.Directory}
		switch {
		case !embedded && !slices.Contains(r.VM.Homes[vm.Host], c.ID):
			continue
		case h.Username == "":
			without = append(without, c.ID+" does not say whom it is for: not activated")
			continue
		case c.System != "" && vm.System != "" && c.System != vm.System:
			without = append(without, c.ID+" is for "+c.System+": not activated")
			continue
		case embedded:
			h.Unit = nix.EmbeddedHome{HomeInfo: res.Home}.Unit()
		default:
			h.Activation = res.OutPaths["out"]
		}
		homes = append(homes, h)
	}
	slices.SortFunc(homes, func(a, b VMHome) int { return matrix.Compare(a.Cell, b.Cell) })
	slices.Sort(without)
	return homes, without
}

// vmQuestion is what to ask for a VM.
func (r *run) vmQuestion(c matrix.Cell) nix.Question {
	q := &nix.VM{Host: c.Host, MemoryMiB: r.VM.MemoryMiB, Cores: r.VM.Cores, Autologin: r.VM.Autologin}
	homes, _ := r.homesOf(c)
	for _, h := range homes {
		if h.Activation != "" {
			q.Homes = append(q.Homes, h.Cell.Path)
		}
	}
	return nix.Question{Path: c.Path, VM: q}
}

// boot boots a VM that was built and adds what came of it.
func (r *run) boot(ctx context.Context, res *outcome.Result, info nix.VMInfo) {
	homes, without := r.homesOf(res.Cell)
	vm := VM{Cell: res.Cell, Runner: res.OutPaths["out"], Info: info, Homes: homes}
	r.root(ctx, vm.Runner)
	booted := r.VM.Boot(ctx, vm, BootOptions{
		Started: func(c matrix.Cell, phase result.PhaseName) { r.emit(event.Started{Cell: c, Phase: phase}) },
		Once:    r.bootCause,
	})
	if booted.Note != "" {
		without = slices.Insert(without, 0, booted.Note)
	}
	res.Note, res.Flaky = strings.Join(without, "; "), booted.Flaky
	for _, p := range booted.Phases {
		res.Add(r.cutOff(p))
	}
	for id, p := range booted.Homes {
		r.amend(id, r.cutOff(p))
	}
}

// bootCause gives the cause that is known under the key, or takes in this one.
func (r *run) bootCause(key string, c *result.Cause) *result.Cause {
	if key == "" {
		return c
	}
	return r.causes.Once("vm\x00"+key, func() *result.Cause { return c })
}

// amend adds a phase to a finished cell, and sends its result again.
func (r *run) amend(id string, p outcome.Phase) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.results, func(res outcome.Result) bool { return res.Cell.ID == id })
	if i >= 0 {
		r.results[i].Add(p)
		r.emitFinished(r.results[i])
	}
}
