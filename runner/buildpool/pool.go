// Package buildpool builds what cells need, each derivation once.
package buildpool

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/cause"
	"github.com/flakeci/flakeci/runner/disk"
	"github.com/flakeci/flakeci/runner/evalpool"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/graph"
)

// Pool builds derivations in nix processes. A dry run says what is missing in the store. All
// of that goes into one graph, so that what cells share is built once. Each process gets a
// part of the graph that can be built now, as long as there are slots for builders.
type Pool struct {
	o       Options
	ctx     context.Context
	planner planner
	release func() bool
	running sync.WaitGroup // nix processes
	stalls  stalls
	lookups chan struct{} // holds one for each process that looks for outputs
	dropped sync.Map      // binary caches and remote builders that were dropped, see [event.CacheDropped]

	mu        sync.Mutex // guards the rest, and each build while the pool works on it
	builds    map[string]*build
	graph     graph.Graph
	goals     []*build // by their number in the graph
	processes []*process
	slots     slots
	causes    map[string]*result.Cause // of derivations that failed
	systems   map[string]string        // of those that failed because nothing builds for their system
	built     map[string]string        // the place of each derivation whose builder ran in this run
	warnings  []result.Warning         // about remote builders
	avoided   []string                 // remote builders that nothing is given any more
	// interrupted means that nothing may start any more.
	interrupted bool
}

// Options say how a pool works, and give it what it needs from the run.
type Options struct {
	Client  *nix.Client
	Machine nix.Machine
	Jobs    int           // builders at once on this machine; 0 leaves it to Nix's settings
	Timeout time.Duration // for each dry run and each build; 0 means no limit
	Stall   time.Duration // how long a builder may write nothing before that is reported; 0 is forever
	Retries int           // attempts after the first that fails transiently
	Events  event.Bus
	Causes  *cause.Registry
	// DryRun builds and fetches nothing: what would have to be built counts as evaluated.
	DryRun bool
	// Root keeps paths from being collected as garbage during the run.
	Root func(ctx context.Context, paths ...string)
	// Disk, if not nil, says when there is room for one more build.
	Disk *disk.Keeper
	// Evaluate evaluates a cell once more.
	Evaluate func(result.Cell) *evalpool.Query
}

// New returns a pool that works until the context ends. [Pool.Close] waits for its processes.
func New(ctx context.Context, o Options) *Pool {
	p := &Pool{
		o: o, ctx: ctx, slots: newSlots(o.Jobs, o.Machine), lookups: make(chan struct{}, maxLookups),
		builds: map[string]*build{}, causes: map[string]*result.Cause{}, systems: map[string]string{}, built: map[string]string{},
	}
	p.planner.ask = p.planBuilds
	p.stalls = stalls{after: o.Stall, report: p.stalled, builders: map[string]*output{}}
	p.graph.OneRoot = !o.Client.Version.NamesAllFailures()
	p.release = context.AfterFunc(ctx, safely.Func(p.interrupt))
	safely.Go(func() { p.stalls.watch(ctx) })
	return p
}

// Hurry says that few more builds will come, so that the pool need not wait for them.
func (p *Pool) Hurry() { p.planner.hurry() }

// Close waits until no process runs. One may still be ending when all builds are done.
func (p *Pool) Close() {
	p.release()
	p.running.Wait()
}

// Warnings returns what changes no verdict: remote builders that could not be used. Call it after
// [Pool.Close].
func (p *Pool) Warnings() []result.Warning { return p.warnings }

// Build builds a derivation and returns the answer. Later requests for the same derivation
// get the same answer.
func (p *Pool) Build(r Request) Answer {
	p.mu.Lock()
	b := p.builds[r.Drv]
	if b == nil {
		b = &build{done: make(chan struct{})}
		p.builds[r.Drv] = b
	}
	p.mu.Unlock()
	b.once.Do(func() {
		b.Request = r
		p.build(b)
		p.o.Disk.Built(b.Drv)
	})
	return b.Answer
}

func (p *Pool) build(b *build) {
	if b.Cell.Kind == result.KindVM && !p.o.DryRun && !p.o.Machine.Knows(b.Cell.System) {
		b.onlyEvaluated() // even if it can be fetched, it cannot run here
		return
	}
	b.findPaths()
	p.planner.add(b)
	<-b.done
	if b.Status == result.Passed && b.How != result.Evaluated && !(b.IfMissing && b.How == result.Cached) {
		p.verify(b)
	}
	b.Flaky = b.Status == result.Passed && b.faults > 0
}

// planBuilds asks Nix what to do for builds. What is in the store is cached; the rest goes into
// the graph.
func (p *Pool) planBuilds(builds []*build) {
	p.o.Events.Send(event.Planning{Running: true})
	made := p.dryRun(builds)
	if back := p.reevaluate(made.lost); len(back) > 0 {
		made.merge(p.dryRun(back), back)
	}
	p.o.Events.Send(event.Planning{Running: false})
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range builds {
		p.add(b, made)
	}
	for _, w := range p.processes {
		for drv := range w.builders {
			p.join(w, drv)
		}
	}
	p.proceed()
}

// add puts a build into the graph, or settles it if the plan says that there is nothing to
// build or no way to build it here.
func (p *Pool) add(b *build, made plan) {
	can := p.o.Machine.CanBuild(b.Cell.System)
	err := made.lost[b]
	switch {
	case p.interrupted || p.ctx.Err() != nil:
		b.settle(result.Canceled)
	case p.o.DryRun && (err != nil || !made.cached(b)):
		b.Status, b.How = result.Passed, result.Evaluated
		b.end()
	case err != nil && !can:
		c := p.o.Causes.OfBuildError(p.ctx, err)
		b.Causes = []*result.Cause{c}
		b.settle(c.Kind.Status())
	case err == nil && made.cached(b):
		b.How = p.how(b.Drv)
		b.settle(result.Passed)
	case !can && made.builds[b.Drv]:
		b.onlyEvaluated()
		b.end()
	case p.o.Disk != nil:
		p.addWithRoom(b, made.needs)
	default:
		p.addGoal(b, made.needs)
	}
}

// addGoal puts a build into the graph. If the dry run failed for it, building it shows what is
// wrong.
func (p *Pool) addGoal(b *build, needs map[string][]string) {
	p.goals = append(p.goals, b)
	b.goal = p.graph.Add(b.Drv, p.slots.class(p.o.Machine, b.Cell.System), needs)
}

// addWithRoom puts a build into the graph once there is room for it on the disk.
func (p *Pool) addWithRoom(b *build, needs map[string][]string) {
	turn := p.o.Disk.Queue(b.Cell, b.Drv)
	safely.Go(func() {
		p.o.Disk.Enter(p.ctx, turn)
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.interrupted || p.ctx.Err() != nil {
			b.settle(result.Canceled)
			return
		}
		p.addGoal(b, needs)
		p.proceed()
	})
}

// proceed settles the builds that have ended and starts processes while there is work and
// room.
func (p *Pool) proceed() {
	for _, id := range p.graph.Ended() {
		p.settle(p.goals[id])
	}
	for !p.interrupted {
		part := p.graph.Take(p.slots.room)
		if part == nil {
			return
		}
		p.start(part)
	}
}

// settle decides how a build ended, once the graph is done with it.
func (p *Pool) settle(b *build) {
	if p.graph.IsDone(b.goal) {
		b.How = p.how(b.Drv)
		b.settle(result.Passed)
		return
	}
	b.Causes = p.causesOf(b)
	if p.notForStore(b) {
		b.Causes = nil
		b.onlyEvaluated()
		b.Note = fmt.Sprintf("only evaluated: %s cannot build for %s", p.o.Machine.Elsewhere, b.Cell.System)
		b.end()
		return
	}
	b.settle(cause.CellStatus(b.Drv, b.Causes))
}

// notForStore reports whether a build failed only because the machine that has the store does not
// build for its system, which flakeci could not know. A build that needs something for another
// system has failed.
func (p *Pool) notForStore(b *build) bool {
	failed := p.graph.Failed(b.goal)
	other := func(drv string) bool {
		return p.causes[drv] == nil || p.causes[drv].Kind != result.CauseSystem || p.systems[drv] != b.Cell.System
	}
	return p.o.Machine.Elsewhere != "" && len(failed) > 0 && !slices.ContainsFunc(failed, other)
}

// causesOf returns the causes of everything that failed below a build.
func (p *Pool) causesOf(b *build) []*result.Cause {
	var list []*result.Cause
	for _, drv := range p.graph.Failed(b.goal) {
		if c := p.causes[drv]; !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

// how returns whether a derivation was built in this run or was already in the store. If cells
// share a derivation, its builder runs once, and it counts as built for all of them.
func (p *Pool) how(drv string) result.How {
	if p.built[drv] != "" {
		return result.Built
	}
	return result.Cached
}

// work starts the clock of a build for a process that works on it, and reports whether the build
// is new to the process.
func (p *Pool) work(w *process, b *build) bool {
	if w.works[b] || b.ended {
		return false
	}
	w.works[b] = true
	first, now := b.began.IsZero(), time.Now()
	switch resumed := b.clock.start(now, p.o.Timeout, func() { p.timeOut(b) }); {
	case first:
		p.o.Events.Send(event.Started{Cell: b.Cell, Phase: result.PhaseBuild.Name(), AtBase: b.AtBase})
	case resumed:
		p.o.Events.Send(event.Resumed{Cell: b.Cell, Phase: result.PhaseBuild.Name(), AtBase: b.AtBase, Since: now.Add(-b.worked)})
	}
	return true
}

// join runs the clocks of all builds that need a derivation of a process.
func (p *Pool) join(w *process, drv string) {
	for _, id := range p.graph.Goals(drv) {
		if b := p.goals[id]; p.work(w, b) {
			w.joined[b] = true
		}
	}
}

// leave stops the clocks of builds that joined a process but need nothing that it is building now.
func (p *Pool) leave(w *process) {
	if len(w.joined) == 0 {
		return
	}
	wanted := map[graph.Goal]bool{}
	for drv := range w.builders {
		for _, id := range p.graph.Goals(drv) {
			wanted[id] = true
		}
	}
	var left []*build
	for b := range w.joined {
		if !wanted[b.goal] && b.stopped == "" { // else it waits for the process
			b.clock.stop(time.Now())
			delete(w.joined, b)
			delete(w.works, b)
			left = append(left, b)
		}
	}
	p.sendWaiting(left)
}

// sendWaiting reports which of these builds are waiting now.
func (p *Pool) sendWaiting(builds []*build) {
	for _, b := range builds {
		if !b.ended && b.running == 0 {
			p.o.Events.Send(event.Waiting{Cell: b.Cell})
		}
	}
}

// sendRetrying reports that building for cells is retried. There may be no cells.
func (p *Pool) sendRetrying(cells []result.Cell, c *result.Cause) {
	if len(cells) > 0 {
		slices.SortFunc(cells, matrix.Compare)
		p.o.Events.Send(event.Retrying{Cells: cells, Phase: result.PhaseBuild.Name(), Cause: c})
	}
}

// builderStarted notes and reports that a builder started, here or on a remote builder.
func (p *Pool) builderStarted(drv, on string) {
	place := cmp.Or(on, result.BuiltHere)
	p.mu.Lock()
	p.built[drv] = place
	for _, id := range p.graph.Goals(drv) {
		p.goals[id].add(drv, place)
	}
	p.mu.Unlock()
	p.o.Events.Send(event.BuilderStarted{Drv: drv, On: on})
}

// builderStopped reports that a builder ended, successfully or not.
func (p *Pool) builderStopped(drv string) { p.o.Events.Send(event.BuilderStopped{Drv: drv}) }

// stalled reports that a builder writes nothing, with the cells that wait for it.
func (p *Pool) stalled(drv string, silent time.Duration) {
	p.mu.Lock()
	var cells []result.Cell
	for _, id := range p.graph.Goals(drv) {
		cells = append(cells, p.goals[id].Cell)
	}
	p.mu.Unlock()
	slices.SortFunc(cells, matrix.Compare)
	p.o.Events.Send(event.Stalled{Drv: drv, Cells: cells, Silent: silent})
}

// bounded runs a step within the time limit of a phase.
func (p *Pool) bounded(step func(context.Context)) {
	ctx := p.ctx
	if p.o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.o.Timeout)
		defer cancel()
	}
	step(ctx)
}
