// Package runner takes cells through evaluation and building.
//
// [Discover] asks a flake what it offers and makes the matrix of it; [Run]
// evaluates and builds the selected cells concurrently, a cell building as soon
// as it is evaluated, and attributes what fails to its [result.Cause]: one broken
// package below five hosts is one cause with five cells. A failed cell is a
// result and stops none of its siblings.
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

	"golang.org/x/sync/errgroup"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/buildpool"
	"github.com/flakeci/flakeci/runner/cause"
	"github.com/flakeci/flakeci/runner/evalpool"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// Options say how a run is done.
type Options struct {
	Client *nix.Client
	Target *nix.Target
	// Machine says which systems can be built for.
	Machine nix.Machine
	// EvalJobs is how many evaluations run at once; 0 means one.
	EvalJobs int
	// BuildJobs is how many builders run at once on this machine, whatever number
	// of nix they belong to; 0 is Nix's max-jobs where that is more than one, its
	// own default, and else one a core.
	BuildJobs int
	// Memory is what all evaluations together may take; nil is no limit.
	Memory *evalpool.Memory
	// Systems are those asked for; empty means any. A cell that turns out to be
	// for another is skipped.
	Systems []string
	// EvalOnly stops after evaluation.
	EvalOnly bool
	// Timeout limits each phase of each cell; 0 means no limit.
	Timeout time.Duration
	// Embedded decides on a home that is found inside a host while that is
	// evaluated; nil takes none.
	Embedded func(matrix.Cell) bool
	// Base is what the run is compared with; nil is nothing.
	Base *Base
	// Earlier is a run that this one goes on with; nil is none.
	Earlier *Earlier
	// FailFast stops the run at the first cell that fails.
	FailFast bool
	// VM is for cells that are VMs.
	VM VMOptions
	// Artifacts is the folder for whole logs; nil keeps none.
	Artifacts *artifact.Folder
	// Roots is a folder for links that keep what is to be built and booted from being
	// collected as garbage, as by min-free of a builder in the same run. Whoever made it
	// removes it in the end. Empty keeps nothing.
	Roots string
	// Stall is how long a builder may write nothing before that is reported; 0 is for ever.
	Stall time.Duration
	// Retries is how often more than once something is tried that fails for what may
	// be gone the next time: a lost connection, a server in trouble.
	Retries int
	// Later gives cells that were not known yet, as soon as they are, or none once the
	// run is stopped. Nothing that Run was given hangs on them. Nil is none.
	Later func(context.Context) []matrix.Cell
	// Subscribers follow the run. When Run returns they have handled all events.
	Subscribers []event.Subscriber
}

// Run evaluates and builds the cells and gives every one its result, those too
// that were interrupted. What fails is in the outcome: Run itself cannot fail.
func Run(ctx context.Context, cells []matrix.Cell, o Options) outcome.Run {
	given := ctx
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if o.Memory == nil {
		o.Memory = &evalpool.Memory{}
	}
	r := &run{
		given: given, stop: stop, Options: o, events: event.NewBus(o.Subscribers), parts: map[string][]matrix.Cell{}, ended: map[string]chan struct{}{},
		atBase: map[string]*atBase{}, homesThen: map[string]map[string]outcome.Phase{}, warned: map[string]bool{},
		evals: evalpool.New(ctx, evalpool.Options{Jobs: o.EvalJobs, Limit: o.Timeout, Memory: o.Memory, Retries: o.Retries}),
	}
	r.causes.KeepLog = r.keepLog
	r.builds = buildpool.New(ctx, buildpool.Options{
		Client: o.Client, Machine: o.Machine, Jobs: o.BuildJobs, Timeout: o.Timeout, Stall: o.Stall, Retries: o.Retries,
		Events: r.events, Causes: &r.causes, Root: r.root,
		Evaluate: func(c matrix.Cell) *evalpool.Query { return r.evals.Ask(r.Target, r.question(c), evalpool.Listener{}) },
	})
	for _, c := range cells {
		r.wanted = append(r.wanted, c.ID)
		r.ended[c.ID] = make(chan struct{})
	}
	for _, c := range cells {
		if c.Part != "" && slices.Contains(r.wanted, c.Part) {
			r.parts[c.Part] = append(r.parts[c.Part], c)
		}
	}
	r.evals.Hold()
	cells = r.takeOver(ctx, cells)
	r.vms(ctx, cells)
	cells = slices.DeleteFunc(slices.Clone(cells), func(c matrix.Cell) bool {
		return c.Kind == matrix.KindVM || slices.ContainsFunc(r.parts[c.Part], func(p matrix.Cell) bool { return p.ID == c.ID })
	}) // which come with their host
	asked := map[string]*evalpool.Query{}
	for _, c := range cells {
		asked[c.ID] = r.ask(c)
	}
	for _, c := range cells {
		r.startBase(ctx, c)
	}
	r.evals.Release()
	var evals errgroup.Group
	for _, c := range cells {
		evals.Go(safely.Error(func() error {
			r.evaluate(ctx, c, asked[c.ID])
			return nil
		}))
	}
	if o.Later != nil {
		evals.Go(safely.Error(func() error {
			r.later(ctx, &evals)
			return nil
		}))
	}
	// The functions return no errors: a failed cell is a result.
	_ = evals.Wait()
	r.builds.Hurry()
	_ = r.building.Wait()
	r.compare(ctx)
	r.evals.Wait()
	r.builds.Close()
	interrupted := given.Err() != nil && Overdue(given) == nil
	r.events.Wait()
	return outcome.Conclude(r.results, interrupted)
}

// later takes in the cells that come later.
func (r *run) later(ctx context.Context, evals *errgroup.Group) {
	cells := r.Later(ctx)
	if len(cells) > 0 {
		r.emit(event.Added{Cells: cells})
	}
	for _, c := range r.takeOver(ctx, cells) {
		asked := r.ask(c)
		r.startBase(ctx, c)
		evals.Go(safely.Error(func() error {
			r.evaluate(ctx, c, asked)
			return nil
		}))
	}
}

// run is the state of a run. Results are added as cells finish.
type run struct {
	Options
	wanted   []string
	parts    map[string][]matrix.Cell // homes that were selected with their host, by its id
	causes   cause.Registry
	building errgroup.Group
	atBases  errgroup.Group // evaluations at the base
	evals    *evalpool.Pool
	builds   *buildpool.Pool
	ended    map[string]chan struct{} // closed when the cell is finished, by id
	given    context.Context          // of whoever wants the run: its end is not one of the run's own
	stop     func()                   // ends all that runs

	mu      sync.Mutex
	results []outcome.Result
	homes   []outcome.Result // those that were built, whatever becomes of them in a host
	atBase  map[string]*atBase
	// homesThen are the phases of homes in hosts that were booted as at the base,
	// by host and home.
	homesThen map[string]map[string]outcome.Phase
	fatal     string // the cell that stopped the run
	warned    map[string]bool

	rooted atomic.Int64

	events event.Bus
}

// emit sends an event to the subscribers, who handle it in their own time. Nothing in it may
// change any more.
func (r *run) emit(e event.Event) { r.events.Send(e) }

// finish takes in the result of a cell.
func (r *run) finish(res outcome.Result) {
	res = r.late(res)
	r.mu.Lock()
	defer r.mu.Unlock()
	if res.Status == result.Canceled && res.Note == "" && r.fatal != "" {
		res.Note = "stopped by --fail-fast: " + r.fatal + " did not pass"
	}
	r.results = append(r.results, res)
	if res.Cell.Kind == matrix.KindHome && res.Status == result.Passed && res.How != result.Evaluated {
		r.homes = append(r.homes, res)
	}
	r.emitFinished(res)
	if ended, ok := r.ended[res.Cell.ID]; ok {
		close(ended)
	}
}

// emitFinished sends the result of a finished cell. With --fail-fast one that failed stops
// the run. The caller holds the lock, so that the last event of a cell is how it ended.
func (r *run) emitFinished(res outcome.Result) {
	if r.FailFast && res.Status.NeedsAttention() {
		r.fatal = cmp.Or(r.fatal, res.Cell.ID)
		r.stop()
	}
	r.emit(event.Finished{Result: res})
}

// root keeps paths from being collected as garbage while the run goes on. Where that
// cannot be, as in a store elsewhere, it goes on all the same.
func (r *run) root(ctx context.Context, paths ...string) {
	if r.Roots == "" || len(paths) == 0 {
		return
	}
	link := filepath.Join(r.Roots, fmt.Sprintf("root%d", r.rooted.Add(1)))
	_ = r.Client.Root(ctx, link, paths)
}
