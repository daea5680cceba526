package runner

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/diagnose"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/evalpool"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/retry"
)

// planner asks Nix what builds take, with one process for all that wait. Of most
// cells of an unchanged flake that is all there is to do.
type planner struct {
	ask func([]*build)

	mu      sync.Mutex
	waiting []*build
	asking  bool
	// hurried says that there is not much to wait for: all cells are evaluated.
	hurried bool
	// due is when to ask next, cost how long it took last.
	due   time.Time
	cost  time.Duration
	timer *time.Timer
}

// While cells come from evaluation, so long is waited for more of them, or so many
// times as long as asking takes: the processor is needed for evaluation, too.
const (
	gather      = 250 * time.Millisecond
	gatherCosts = 5
	// gatherMost is for a substituter that is slow to answer: that costs no processor.
	gatherMost = 5 * time.Second
	// gatherLast is for those that are on their way, when all are evaluated.
	gatherLast = 3 * time.Millisecond
)

// want takes in a build.
func (p *planner) want(b *build) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		p.due = time.Now().Add(p.patience())
	}
	p.waiting = append(p.waiting, b)
	p.next()
}

// hurry says that not many more are to be expected.
func (p *planner) hurry() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hurried = true
	if last := time.Now().Add(gatherLast); last.Before(p.due) {
		p.due = last
	}
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
	p.next()
}

// patience is how long more builds are waited for after the first.
func (p *planner) patience() time.Duration {
	if p.hurried {
		return gatherLast
	}
	return max(gather, min(gatherCosts*p.cost, gatherMost))
}

// next asks for all that waits, if it is time.
func (p *planner) next() {
	early := time.Until(p.due)
	switch {
	case p.asking || len(p.waiting) == 0:
		return
	case early > 0:
		if p.timer == nil {
			p.timer = time.AfterFunc(early, safely.Func(func() {
				p.mu.Lock()
				defer p.mu.Unlock()
				p.timer = nil
				p.next()
			}))
		}
		return
	}
	batch := p.waiting
	p.waiting, p.asking = nil, true
	safely.Go(func() {
		start := time.Now()
		p.ask(batch)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asking, p.cost = false, time.Since(start)
		p.next()
	})
}

// foresight is what Nix foresees for some builds.
type foresight struct {
	builds map[string]bool // derivations that will be built
	fetch  []string        // paths that will be fetched
	// needs are, by derivation that will be built, those it needs of them.
	needs map[string][]string
	// lost are builds that Nix could not say it of, and why.
	lost map[*build]error
}

// foresee asks Nix for what builds take.
func (r *run) foresee(ctx context.Context, batch []*build) foresight {
	f := foresight{builds: map[string]bool{}, lost: map[*build]error{}}
	if ctx.Err() != nil {
		return f
	}
	var plan nixlog.Plan
	r.bounded(ctx, func(ctx context.Context) {
		ask := func(some []*build) error { return r.dryRun(ctx, some, &plan) }
		again := func(err error) { r.planAgain(batch, err) }
		if retry.Do(ctx, r.Retries, func() error { return ask(batch) }, again) != nil {
			sift(batch, ask, f.lost)
		}
		for _, drv := range plan.Build {
			f.builds[drv] = true
		}
		if len(plan.Build) == 0 {
			return
		}
		var drvs []string
		for _, b := range batch {
			if f.builds[b.drv] {
				drvs = append(drvs, b.drv)
			}
		}
		var rooting sync.WaitGroup
		rooting.Go(safely.Func(func() { r.root(ctx, drvs...) }))
		// Without this the builds go on, one unaware of what others share with it.
		f.needs, _ = r.Client.Needs(ctx, plan.Build)
		rooting.Wait()
	})
	r.dropCaches(plan.Unreachable)
	f.fetch = plan.Fetch
	for drv, needs := range f.needs {
		f.needs[drv] = slices.DeleteFunc(needs, func(need string) bool { return !f.builds[need] })
	}
	return f
}

// with takes in what is foreseen for some builds that had been lost.
func (f *foresight) with(more foresight, back []*build) {
	for _, b := range back {
		delete(f.lost, b)
	}
	maps.Copy(f.lost, more.lost)
	maps.Copy(f.builds, more.builds)
	f.fetch = append(f.fetch, more.fetch...)
	if f.needs == nil {
		f.needs = map[string][]string{}
	}
	maps.Copy(f.needs, more.needs)
}

// revive evaluates those of the lost once more whose derivations are gone, and gives
// those that are back: garbage may be collected, as by min-free of a builder in the same
// run, after a cell was evaluated and before it is known that it is to be built, from
// when on it is kept.
func (r *run) revive(lost map[*build]error) (back []*build) {
	asked := map[*build]*evalpool.Query{}
	for b, why := range lost {
		if _, err := os.Lstat(b.drv); errors.Is(err, fs.ErrNotExist) && !b.atBase && strings.Contains(why.Error(), b.drv) {
			asked[b] = r.evals.Ask(r.Target, r.question(b.cell), evalpool.Listener{})
		}
	}
	for b, q := range asked {
		if e := q.Wait(); e.Err == nil && e.Instance.DrvPath == b.drv {
			back = append(back, b)
		}
	}
	return back
}

// dropCaches sends which binary caches Nix goes on without, each once.
func (r *run) dropCaches(without map[string]string) {
	for _, cache := range slices.Sorted(maps.Keys(without)) {
		if _, known := r.dropped.LoadOrStore(cache, true); !known {
			r.emit(event.CacheDropped{Cache: cache, Reason: without[cache]})
		}
	}
}

// planAgain sends that Nix is asked again what to build, and why.
func (r *run) planAgain(batch []*build, err error) {
	var cells []matrix.Cell
	for _, b := range batch {
		b.faults++
		cells = append(cells, b.cell)
	}
	r.emitRetrying(cells, result.PhaseBuild, diagnose.Build(nixlog.BuildFailure{Kind: result.CauseInfra, Message: err.Error()}))
}

// dryRun asks for the plan of builds.
func (r *run) dryRun(ctx context.Context, batch []*build, plan *nixlog.Plan) error {
	drvs := make([]string, 0, len(batch))
	for _, b := range batch {
		drvs = append(drvs, b.drv)
	}
	p, err := r.Client.DryRun(ctx, drvs...)
	if errors.Is(err, context.DeadlineExceeded) {
		return &SlowError{What: "looking up what is to be built", Limit: r.Timeout}
	}
	if err == nil {
		plan.Build = append(plan.Build, p.Build...)
		plan.Fetch = append(plan.Fetch, p.Fetch...)
		plan.Unreachable = p.Unreachable
	}
	return err
}

// sift asks for all builds at once. One bad derivation loses the answer for all of
// them, so then it is looked for. If there is none for the first nor for the last, as
// good as surely that is for no build's own fault, and there is none for any.
func sift(batch []*build, ask func([]*build) error, lost map[*build]error) {
	err := ask(batch)
	if err == nil {
		return
	}
	if len(batch) == 1 {
		lost[batch[0]] = err
		return
	}
	first, rest, last := batch[:1], batch[1:len(batch)-1], batch[len(batch)-1:]
	sift(first, ask, lost)
	sift(last, ask, lost)
	if lost[first[0]] != nil && lost[last[0]] != nil {
		for _, b := range rest {
			lost[b] = err
		}
		return
	}
	if len(rest) > 0 {
		for half := range slices.Chunk(rest, (len(rest)+1)/2) {
			sift(half, ask, lost)
		}
	}
}

// cached says whether all of a build is in the store.
func (f foresight) cached(b *build) bool {
	switch {
	case f.builds[b.drv]:
		return false
	case len(f.fetch) == 0 || b.ifMissing:
		return true
	}
	return b.outputs != nil && !slices.ContainsFunc(b.outputs, func(out string) bool { return slices.Contains(f.fetch, out) })
}
