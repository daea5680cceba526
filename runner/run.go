// Package runner does one run of a flake, from discovery to the comparison with the base.
//
// [Discover] makes a matrix of what a flake offers. [Run] evaluates and builds the selected
// cells concurrently: a cell is built as soon as it is evaluated. It finds the [result.Cause]
// of what fails: one broken package below five hosts is one cause with five cells. A failed
// cell is a result and stops no other cell.
package runner

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/buildpool"
	"github.com/flakeci/flakeci/runner/cause"
	"github.com/flakeci/flakeci/runner/disk"
	"github.com/flakeci/flakeci/runner/evalpool"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// Options say what a run does.
type Options struct {
	Client *nix.Client
	Target *nix.Target
	// Machine says which systems this machine can build for.
	Machine nix.Machine
	// EvalJobs is how many evaluations run at once; 0 means one.
	EvalJobs int
	// BuildJobs is how many builders run at once on this machine, over all nix processes. 0
	// means Nix's max-jobs if that is more than 1, its own default, and otherwise one per core.
	BuildJobs int
	// Memory is what all evaluations together may use; nil means no limit.
	Memory *evalpool.Memory
	// Systems are the systems whose cells to run; empty means any. A cell that turns out to be for
	// another system is skipped.
	Systems []string
	// EvalOnly stops after evaluation.
	EvalOnly bool
	// PlanOnly builds and boots nothing. A cell that needs neither passes as cached; the others
	// count as evaluated.
	PlanOnly bool
	// Timeout limits each phase of each cell; 0 means no limit.
	Timeout time.Duration
	// Embedded reports whether to include a home that the evaluation of its host finds; nil means
	// no home.
	Embedded func(result.Cell) bool
	// PastUsers returns the users who had a home inside a host in an earlier run. It may be nil.
	PastUsers func(ctx context.Context, host result.Cell) []string
	// Base is what the run is compared with; nil if with nothing.
	Base *Base
	// Earlier is a run that this one resumes; nil if none.
	Earlier *EarlierRun
	// FailFast stops the run at the first cell that fails.
	FailFast bool
	// VM is for cells that are VMs.
	VM VMOptions
	// Artifacts is the folder for complete logs; nil keeps none.
	Artifacts *artifact.Folder
	// Roots is a folder for links that keep what waits to be built or booted from being
	// collected as garbage, as by min-free of a builder in the same run. The caller removes
	// it afterwards. If it is empty, nothing is kept.
	Roots string
	// Disk keeps the run within the free space of the store's disk; nil if it may fill it.
	Disk *disk.Keeper
	// Pushed waits until the outputs of a finished cell are no longer needed to push them; nil if
	// they are not pushed.
	Pushed func(context.Context, outcome.Result)
	// Stall is how long a builder may write nothing before that is reported; 0 means forever.
	Stall time.Duration
	// Retries is how often to repeat what fails for a reason that may pass, such as a lost
	// connection or an overloaded server.
	Retries int
	// Later waits for cells that are not known yet and returns them, or none once the run is
	// stopped. No cell that was passed to Run depends on them. It may be nil.
	Later func(context.Context) []result.Cell
	// Subscribers follow the run. They have handled all events when Run returns.
	Subscribers []event.Subscriber
}

// Run evaluates and builds the cells. Every cell gets a result, even if it was interrupted.
// What fails is in the outcome: Run itself cannot fail.
func Run(ctx context.Context, cells []result.Cell, o Options) outcome.Run {
	caller := ctx
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if o.Memory == nil {
		o.Memory = &evalpool.Memory{}
	}
	r := &run{
		caller: caller, stop: stop, Options: o, events: event.NewBus(o.Subscribers), parts: map[string][]result.Cell{}, ended: map[string]chan struct{}{},
		baseCells: map[string]*baseCell{}, baseActivations: map[string]map[string]outcome.Phase{},
		evals: evalpool.New(ctx, evalpool.Options{Jobs: o.EvalJobs, Limit: o.Timeout, Memory: o.Memory, Retries: o.Retries}),
	}
	r.causes.KeepLog = r.keepLog
	r.builds = buildpool.New(ctx, buildpool.Options{
		Client: o.Client, Machine: o.Machine, Jobs: o.BuildJobs, Timeout: o.Timeout, Stall: o.Stall, Retries: o.Retries,
		Events: r.events, Causes: &r.causes, Root: r.root, DryRun: o.PlanOnly, Disk: o.Disk,
		Evaluate: func(c result.Cell) *evalpool.Query { return r.evals.Ask(r.Target, r.question(c), evalpool.Listener{}) },
	})
	for _, c := range cells {
		r.ended[c.ID] = make(chan struct{})
	}
	for _, c := range cells {
		if r.ended[c.PartOf] != nil {
			r.parts[c.PartOf] = append(r.parts[c.PartOf], c)
		}
	}
	r.evals.Hold()
	cells = r.takeOverCells(ctx, cells)
	r.startVMs(ctx, cells)
	cells = slices.DeleteFunc(slices.Clone(cells), func(c result.Cell) bool {
		return c.Kind == result.KindVM || r.ended[c.PartOf] != nil
	}) // those come with their host
	asked := map[string]*evalpool.Query{}
	for _, c := range cells {
		asked[c.ID] = r.ask(c)
	}
	for _, c := range cells {
		r.startBase(ctx, c)
	}
	r.evals.Release()
	var evals sync.WaitGroup
	for _, c := range cells {
		evals.Go(safely.Func(func() { r.evaluate(ctx, c, asked[c.ID]) }))
	}
	if o.Later != nil {
		evals.Go(safely.Func(func() { r.addLater(ctx, &evals) }))
	}
	evals.Wait()
	o.Disk.AllKnown()
	r.builds.Hurry()
	r.building.Wait()
	r.compare(ctx)
	r.evals.Wait()
	r.builds.Close()
	interrupted := Interrupted(caller)
	r.events.Wait()
	out := outcome.Conclude(r.results, interrupted)
	out.Warnings = r.builds.Warnings()
	return out
}

// addLater adds the cells of [Options.Later].
func (r *run) addLater(ctx context.Context, evals *sync.WaitGroup) {
	cells := r.Later(ctx)
	if len(cells) > 0 {
		r.emit(event.Added{Cells: cells})
	}
	for _, c := range r.takeOverCells(ctx, cells) {
		asked := r.ask(c)
		r.startBase(ctx, c)
		evals.Go(safely.Func(func() { r.evaluate(ctx, c, asked) }))
	}
}

// run is the state of a run.
type run struct {
	Options
	parts     map[string][]result.Cell // homes that were selected together with their host, by its id
	causes    cause.Registry
	places    places
	building  sync.WaitGroup
	baseEvals sync.WaitGroup // evaluations at the base
	evals     *evalpool.Pool
	builds    *buildpool.Pool
	ended     map[string]chan struct{} // of each selected cell, by its id: closed when it is finished
	caller    context.Context          // the caller's: it ends by interruption or the deadline, not by --fail-fast
	stop      func()                   // cancels the context of the run

	mu        sync.Mutex
	results   []outcome.Result
	homes     []outcome.Result // homes that were built, or are to be, even if activating them failed since
	baseCells map[string]*baseCell
	// baseActivations are the activations of homes in hosts that were booted as they were at
	// the base, by host and home.
	baseActivations map[string]map[string]outcome.Phase
	failedFirst     string // the cell that stopped the run
	users           users  // of paths of finished cells

	rooted atomic.Int64
	events event.Bus
}

// emit sends an event to the subscribers and does not wait for them. Nothing in the event may
// change any more.
func (r *run) emit(e event.Event) { r.events.Send(e) }

// finish adds the result of a cell.
func (r *run) finish(res outcome.Result) {
	res = r.applyDeadline(res)
	r.mu.Lock()
	defer r.mu.Unlock()
	if res.Status == result.Canceled && res.Note == "" && r.failedFirst != "" {
		res.Note = "stopped by --fail-fast: " + r.failedFirst + " did not pass"
	}
	r.results = append(r.results, res)
	if res.Cell.Kind == result.KindHome && res.Status == result.Passed && (res.How != result.Evaluated || r.PlanOnly) {
		r.homes = append(r.homes, res)
	}
	r.emitFinished(res)
	if ended := r.ended[res.Cell.ID]; ended != nil {
		close(ended)
	}
}

// emitFinished sends the result of a finished cell. With --fail-fast, a failure stops the run.
// The caller holds the lock, so that the last event of a cell has its final result.
func (r *run) emitFinished(res outcome.Result) {
	if r.FailFast && res.Status.NeedsAttention() {
		r.failedFirst = cmp.Or(r.failedFirst, res.Cell.ID)
		r.stop()
	}
	r.emit(event.Finished{Result: res})
}

// root keeps paths from being collected as garbage during the run. Where that is impossible, as in
// a store on another machine, the run continues without it.
func (r *run) root(ctx context.Context, paths ...string) {
	if r.Roots == "" || len(paths) == 0 {
		return
	}
	link := filepath.Join(r.Roots, fmt.Sprintf("%s%d", disk.LinkPrefix, r.rooted.Add(1)))
	_ = r.Client.Root(ctx, link, paths)
}
