package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// VMOptions say what to do with VMs.
type VMOptions struct {
	// Boot boots one; nil only builds them.
	Boot BootFunc
	// Homes are the ids of the standalone homes to activate in each host.
	Homes map[string][]string
	// MemoryMiB and Cores are what each guest gets; 0 means what its configuration says.
	MemoryMiB, Cores int
	// Autologin logs root in on the serial console of each.
	Autologin bool
}

// VM is a host whose virtual machine is built.
type VM struct {
	Cell   result.Cell
	Runner string // the folder that holds bin/run-NAME-vm
	Info   question.VMInfo
	Homes  []VMHome
	// AtBase means the host as it was at the base, of which no evidence is kept.
	AtBase bool
}

// VMHome is a home to activate in a host.
type VMHome struct {
	Cell                result.Cell
	Username, Directory string
	Activation          string // the activation package; empty for a home embedded in the host
	Unit                string // activates an embedded home
}

// BootResult is the result of booting a host.
type BootResult struct {
	Note   string // worth knowing about the host however it went
	Flaky  bool
	Phases []outcome.Phase
	// Homes are the activations of homes in the host, by the ids of their cells.
	Homes map[string]outcome.Phase
}

// BootFunc boots a VM. It reports when each phase begins, and uses Once to share a cause between
// hosts.
type BootFunc func(ctx context.Context, vm VM, o BootOptions) BootResult

// BootOptions are what a [BootFunc] needs from the run.
type BootOptions struct {
	// Started reports that a phase of a cell begins.
	Started func(cell result.Cell, phase result.PhaseName)
	// Once returns the cause that has the key already, or else c, which gets the key.
	Once func(key string, c *result.Cause) *result.Cause
}

// startVMs evaluates, builds and boots each VM as soon as the other cells of its host are
// done: what they build is part of the VM, and only a home that was built can be activated.
func (r *run) startVMs(ctx context.Context, cells []result.Cell) {
	for _, vm := range cells {
		if vm.Kind != result.KindVM {
			continue
		}
		first := r.cellsBefore(vm, cells)
		r.users.add(vm.ID, first)
		r.building.Go(safely.Func(func() {
			for _, id := range first {
				<-r.ended[id]
			}
			r.startBase(ctx, vm)
			r.evaluate(ctx, vm, r.ask(vm))
			r.endUnbuilt(vm)
		}))
	}
}

// cellsBefore returns the ids of the cells that a VM waits for.
func (r *run) cellsBefore(vm result.Cell, cells []result.Cell) []string {
	var ids []string
	for _, c := range cells {
		if c.Kind != result.KindVM && (c.Host == vm.Host || slices.Contains(r.VM.Homes[vm.Host], c.ID)) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// homesOf returns the homes to activate in the host of a VM: those that were built. Without says
// which other homes cannot be activated, and why.
func (r *run) homesOf(vm result.Cell) (homes []VMHome, without []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, res := range r.homes {
		c := res.Cell
		embedded := c.Host == vm.Host && strings.HasPrefix(c.PartOf, string(result.KindNixOS)+"/")
		h := VMHome{Cell: c, Username: res.Home.Username, Directory: res.Home.Directory}
		switch {
		case !embedded && !slices.Contains(r.VM.Homes[vm.Host], c.ID):
			continue
		case h.Username == "":
			without = append(without, c.ID+" does not name its user: not activated")
			continue
		case c.System != "" && vm.System != "" && c.System != vm.System:
			without = append(without, c.ID+" is for "+c.System+": not activated")
			continue
		case embedded:
			h.Unit = question.EmbeddedHome{HomeInfo: res.Home}.Unit()
		default:
			h.Activation = res.OutPaths["out"]
		}
		homes = append(homes, h)
	}
	slices.SortFunc(homes, func(a, b VMHome) int { return matrix.Compare(a.Cell, b.Cell) })
	slices.Sort(without)
	return homes, without
}

// vmQuestion returns what to ask for a VM.
func (r *run) vmQuestion(c result.Cell) question.Question {
	q := &question.VM{Host: c.Host, MemoryMiB: r.VM.MemoryMiB, Cores: r.VM.Cores, Autologin: r.VM.Autologin}
	homes, _ := r.homesOf(c)
	for _, h := range homes {
		if h.Activation != "" {
			q.Homes = append(q.Homes, h.Cell.Path)
		}
	}
	return question.Question{Path: c.Path, VM: q}
}

// bring copies a VM to the store of this machine, if it was built in another one.
func (r *run) bring(ctx context.Context, vm VM) error {
	if r.Client.HasFiles() {
		return nil
	}
	return r.Client.Fetch(ctx, vm.Runner)
}

// boot boots a VM that was built and adds the phases of it to the results.
func (r *run) boot(ctx context.Context, res *outcome.Result, info question.VMInfo) {
	homes, without := r.homesOf(res.Cell)
	vm := VM{Cell: res.Cell, Runner: res.OutPaths["out"], Info: info, Homes: homes}
	if err := r.bring(ctx, vm); err != nil {
		res.Status, res.How = result.Skipped, ""
		res.Note = fmt.Sprintf("not booted: it could not be copied from its store to this machine: %v", err)
		return
	}
	r.root(ctx, vm.Runner)
	booted := r.VM.Boot(ctx, vm, BootOptions{
		Started: func(c result.Cell, phase result.PhaseName) { r.emit(event.Started{Cell: c, Phase: phase}) },
		Once:    r.bootCause,
	})
	if booted.Note != "" {
		without = slices.Insert(without, 0, booted.Note)
	}
	res.Note, res.Flaky = strings.Join(without, "; "), booted.Flaky
	for _, p := range booted.Phases {
		res.Add(r.applyDeadlineToPhase(p))
	}
	for id, p := range booted.Homes {
		r.addPhase(id, r.applyDeadlineToPhase(p))
	}
}

// bootCause is [BootOptions.Once]. A cause without a key is not shared.
func (r *run) bootCause(key string, c *result.Cause) *result.Cause {
	if key == "" {
		c.Key = c.StableKey()
		return c
	}
	return r.causes.Once("vm\x00"+key, func() *result.Cause { return c })
}

// addPhase adds a phase to a finished cell and sends its result again.
func (r *run) addPhase(id string, p outcome.Phase) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.results, func(res outcome.Result) bool { return res.Cell.ID == id })
	if i >= 0 {
		r.results[i].Add(p)
		r.emitFinished(r.results[i])
	}
}
