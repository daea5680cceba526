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
	"github.com/flakeci/flakeci/runner/evalpool"
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
	// Stall is after how long a builder that writes nothing is told of; 0 is never.
	Stall time.Duration
	// Retries is how often more than once something is tried that fails for what may
	// be gone the next time: a lost connection, a server in trouble.
	Retries int
	// Later gives cells that were not known yet, as soon as they are, or none once the
	// run is stopped. Nothing that Run was given hangs on them. Nil is none.
	Later func(context.Context) []matrix.Cell
	// Watch are told what happens, each in order and one thing at a time, but several of
	// them at once, of the same things. One that takes its time holds up neither the run
	// nor the others, until in the end all know all. A builder that writes much waits for
	// the slowest of those that want to know of it.
	Watch []Watcher
}

// Watcher is told of a run while it goes on. Any field may be nil.
type Watcher struct {
	// More says that so many more cells take part.
	More func(cells []matrix.Cell)
	// Start says that a phase of a cell begins.
	Start func(cell matrix.Cell, phase string)
	// Waits says that a cell is evaluated and waits for its turn to be built, or for
	// another that has the same derivation; or that nothing is done for its build just
	// now, for others have all slots.
	Waits func(cell matrix.Cell)
	// GoesOn says that a phase which waited goes on. Since is when it would have begun
	// had it not waited.
	GoesOn func(cell matrix.Cell, phase string, since time.Time)
	// Asks says that Nix is asked what is to be built for cells that wait, or that it has
	// answered. It asks binary caches, which may take their time.
	Asks func(yes bool)
	// Done says that a cell is finished. SameAs and the ids of causes are not
	// known yet. A home that is activated in its host is finished a second time.
	Done func(Result)
	// Found says that a home was found inside a host and takes part, before that
	// host is finished.
	Found func(home matrix.Cell)
	// Compared says that it is known what a finished cell was at the base.
	Compared func(Result)
	// Builder says that the builder of a derivation starts, or has ended.
	Builder func(drv string, runs bool)
	// Line is a line that a builder wrote, as it wrote it: clean it before showing
	// it.
	Line func(drv, line string)
	// Retry says that a phase of some cells is tried again, and why.
	Retry func(cells []matrix.Cell, phase string, why *result.Cause)
	// Stalled says that a builder which cells wait for has written nothing for that
	// long, or with 0 that it does so again.
	Stalled func(drv string, cells []matrix.Cell, silent time.Duration)
	// Without says of a binary cache, as scheme://host, that Nix goes on without it,
	// and why.
	Without func(cache, why string)
	// Warned hands on a warning of a flake, which came up while a cell was evaluated.
	// Each text comes once, no more than a hundred do, and none of what is known from
	// an earlier run.
	Warned func(cell matrix.Cell, text string)
}

// Run evaluates and builds the cells and gives every one its result, those too
// that were interrupted. What fails is in the outcome: Run itself cannot fail.
func Run(ctx context.Context, cells []matrix.Cell, o Options) Outcome {
	given := ctx
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if o.Memory == nil {
		o.Memory = &evalpool.Memory{}
	}
	r := &run{
		given: given, stop: stop, Options: o, audience: newAudience(o.Watch), parts: map[string][]matrix.Cell{}, builds: map[string]*build{}, ended: map[string]chan struct{}{},
		atBase: map[string]*atBase{}, homesThen: map[string]map[string]Phase{}, warned: map[string]bool{}, lookups: make(chan struct{}, mostLookups),
		evals: evalpool.New(ctx, evalpool.Options{Jobs: o.EvalJobs, Limit: o.Timeout, Memory: o.Memory, Retries: o.Retries}),
	}
	r.builders = newBuilders(ctx, r)
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
	r.builders.hurry()
	_ = r.building.Wait()
	r.compare(ctx)
	r.evals.Wait()
	r.builders.end()
	interrupted := given.Err() != nil && Overdue(given) == nil
	r.audience.catchUp()
	return Conclude(r.results, interrupted)
}

// later takes in the cells that come later.
func (r *run) later(ctx context.Context, evals *errgroup.Group) {
	cells := r.Later(ctx)
	r.watch(func(w Watcher) {
		if w.More != nil && len(cells) > 0 {
			w.More(cells)
		}
	})
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
	causes   causes
	building errgroup.Group
	atBases  errgroup.Group // evaluations at the base
	evals    *evalpool.Pool
	builders *builders
	ended    map[string]chan struct{} // closed when the cell is finished, by id
	given    context.Context          // of whoever wants the run: its end is not one of the run's own
	stop     func()                   // ends all that runs

	mu      sync.Mutex
	results []Result
	homes   []Result          // those that were built, whatever becomes of them in a host
	builds  map[string]*build // by derivation
	built   map[string]bool   // derivations whose builder ran in this run
	atBase  map[string]*atBase
	// homesThen are the phases of homes in hosts that were booted as at the base,
	// by host and home.
	homesThen map[string]map[string]Phase
	fatal     string // the cell that stopped the run
	warned    map[string]bool

	lookups chan struct{} // holds one for each process that looks for outputs
	rooted  atomic.Int64
	without sync.Map // the binary caches that were told of, see [Watcher.Without]

	audience audience
}

// watch tells the watchers, in their own time. What is told must not change any more.
func (r *run) watch(of func(Watcher)) { r.audience.tell(of) }

// started tells the watcher that a phase begins.
func (r *run) started(c matrix.Cell, phase string) {
	r.watch(func(w Watcher) {
		if w.Start != nil {
			w.Start(c, phase)
		}
	})
}

// retried tells the watcher that a phase of cells, if there are any, is tried again.
func (r *run) retried(cells []matrix.Cell, phase string, why *result.Cause) {
	slices.SortFunc(cells, matrix.Compare)
	r.watch(func(w Watcher) {
		if w.Retry != nil && len(cells) > 0 {
			w.Retry(cells, phase, why)
		}
	})
}

// waits tells the watcher that nothing of a cell is under way for the moment.
func (r *run) waits(c matrix.Cell) {
	r.watch(func(w Watcher) {
		if w.Waits != nil {
			w.Waits(c)
		}
	})
}

// goesOn tells the watcher that a phase which waited goes on.
func (r *run) goesOn(c matrix.Cell, phase string, since time.Time) {
	r.watch(func(w Watcher) {
		if w.GoesOn != nil {
			w.GoesOn(c, phase, since)
		}
	})
}

// asks tells the watcher that Nix is asked what is to be built, or has answered.
func (r *run) asks(yes bool) {
	r.watch(func(w Watcher) {
		if w.Asks != nil {
			w.Asks(yes)
		}
	})
}

// finish takes in the result of a cell.
func (r *run) finish(res Result) {
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
	r.tell(res)
	if ended, ok := r.ended[res.Cell.ID]; ok {
		close(ended)
	}
}

// tell tells the watchers that a cell is finished. One that failed may be the last.
// The run is locked, so that they know of each as it is in the end.
func (r *run) tell(res Result) {
	if r.FailFast && res.Status.NeedsAttention() {
		r.fatal = cmp.Or(r.fatal, res.Cell.ID)
		r.stop()
	}
	r.watch(func(w Watcher) {
		if w.Done != nil {
			w.Done(res)
		}
	})
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

// bounded runs a step within the time limit of a phase.
func (r *run) bounded(ctx context.Context, step func(context.Context)) {
	if r.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.Timeout)
		defer cancel()
	}
	step(ctx)
}
