package buildpool

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/diagnose"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/cause"
	"github.com/flakeci/flakeci/runner/evalpool"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/retry"
)

// planner collects builds, so that one process asks Nix what to do for all of them. For most cells
// of an unchanged flake, nothing is.
type planner struct {
	ask func([]*build)

	mu      sync.Mutex
	waiting []*build
	asking  bool
	hurried bool // few more will come: all cells are evaluated
	// due is when to ask next, cost how long it took last.
	due   time.Time
	cost  time.Duration
	timer *time.Timer
}

// While cells come from evaluation, the planner waits for more of them: minDelay, or
// delayPerCost times as long as asking takes, because evaluation needs the processor, too.
const (
	minDelay     = 250 * time.Millisecond
	delayPerCost = 5
	// maxDelay is for a substituter that answers slowly, which costs no processor time.
	maxDelay = 5 * time.Second
	// lastDelay is for the builds that are still on their way when all cells are evaluated.
	lastDelay = 3 * time.Millisecond
)

// add adds a build.
func (p *planner) add(b *build) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		p.due = time.Now().Add(p.delay())
	}
	p.waiting = append(p.waiting, b)
	p.proceed()
}

// hurry says that few more builds will come.
func (p *planner) hurry() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hurried = true
	if last := time.Now().Add(lastDelay); last.Before(p.due) {
		p.due = last
	}
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
	p.proceed()
}

// delay returns how long to wait for more builds after the first.
func (p *planner) delay() time.Duration {
	if p.hurried {
		return lastDelay
	}
	return max(minDelay, min(delayPerCost*p.cost, maxDelay))
}

// proceed asks for all builds that wait, if it is time.
func (p *planner) proceed() {
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
				p.proceed()
			}))
		}
		return
	}
	builds := p.waiting
	p.waiting, p.asking = nil, true
	safely.Go(func() {
		start := time.Now()
		p.ask(builds)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asking, p.cost = false, time.Since(start)
		p.proceed()
	})
}

// plan is what Nix would do for some builds.
type plan struct {
	builds map[string]bool     // derivations that it would build
	fetch  []string            // paths that it would fetch
	needs  map[string][]string // by derivation to build, which of the others it needs
	lost   map[*build]error    // builds that the dry run failed for, and why
}

// dryRun asks Nix what it would do for builds.
func (p *Pool) dryRun(builds []*build) plan {
	made := plan{builds: map[string]bool{}, lost: map[*build]error{}}
	if p.ctx.Err() != nil {
		return made
	}
	var answer nixlog.Plan
	p.bounded(func(ctx context.Context) {
		ask := func(some []*build) error { return p.askNix(ctx, some, &answer) }
		again := func(err error) { p.retryingPlan(builds, err) }
		if err := retry.Do(ctx, p.o.Retries, func() error { return ask(builds) }, again); err != nil {
			bisect(builds, err, ask, made.lost)
		}
		for _, drv := range answer.Build {
			made.builds[drv] = true
		}
		if len(answer.Build) == 0 {
			return
		}
		var drvs []string
		for _, b := range builds {
			if made.builds[b.Drv] {
				drvs = append(drvs, b.Drv)
			}
		}
		var rooting sync.WaitGroup
		rooting.Go(safely.Func(func() { p.o.Root(ctx, drvs...) }))
		// If this fails, building continues, but it is unknown what builds share.
		made.needs, _ = p.o.Client.Needs(ctx, answer.Build)
		rooting.Wait()
	})
	p.o.Disk.Planned(answer.Build, answer.Fetch)
	p.dropCaches(answer.Unreachable)
	made.fetch = answer.Fetch
	for drv, needs := range made.needs {
		made.needs[drv] = slices.DeleteFunc(needs, func(need string) bool { return !made.builds[need] })
	}
	return made
}

// merge adds the plan for builds that were lost.
func (p *plan) merge(more plan, back []*build) {
	for _, b := range back {
		delete(p.lost, b)
	}
	maps.Copy(p.lost, more.lost)
	maps.Copy(p.builds, more.builds)
	p.fetch = append(p.fetch, more.fetch...)
	if p.needs == nil {
		p.needs = map[string][]string{}
	}
	maps.Copy(p.needs, more.needs)
}

// cached reports whether all of a build is in the store.
func (p *plan) cached(b *build) bool {
	switch {
	case p.builds[b.Drv]:
		return false
	case len(p.fetch) == 0 || b.IfMissing:
		return true
	}
	return b.paths != nil && !slices.ContainsFunc(b.paths, func(path string) bool { return slices.Contains(p.fetch, path) })
}

// reevaluate evaluates the cells of lost builds again whose derivations are gone, and returns
// those that are back. Garbage may be collected, as by min-free of a builder in the same run,
// between a cell's evaluation and its dry run; after that its derivation has a root.
func (p *Pool) reevaluate(lost map[*build]error) (back []*build) {
	queries := map[*build]*evalpool.Query{}
	for b, why := range lost {
		if !b.AtBase && strings.Contains(why.Error(), b.Drv) && p.o.Client.MayLack(b.Drv) {
			queries[b] = p.o.Evaluate(b.Cell)
		}
	}
	for b, q := range queries {
		if a := q.Wait(); a.Err == nil && a.Instance.DrvPath == b.Drv {
			back = append(back, b)
		}
	}
	return back
}

// dropCaches reports the binary caches that Nix continues without, each once.
func (p *Pool) dropCaches(unreachable map[string]string) {
	for _, cache := range slices.Sorted(maps.Keys(unreachable)) {
		if _, known := p.dropped.LoadOrStore(cache, true); !known {
			p.o.Events.Send(event.CacheDropped{Cache: cache, Reason: unreachable[cache]})
		}
	}
}

// distrust reports a binary cache from which Nix does not take a path, once.
func (p *Pool) distrust(cache string) {
	if _, known := p.dropped.LoadOrStore(cache, true); !known {
		p.o.Events.Send(event.CacheDropped{Cache: cache, Unsigned: true})
	}
}

// retryingPlan notes and reports that flakeci asks Nix again what to do for builds, and why.
func (p *Pool) retryingPlan(builds []*build, err error) {
	var cells []result.Cell
	for _, b := range builds {
		b.faults++
		cells = append(cells, b.Cell)
	}
	p.sendRetrying(cells, diagnose.Build(nixlog.BuildFailure{Kind: result.CauseInfra, Message: err.Error()}))
}

// askNix does a dry run of builds and adds what it says to the answer.
func (p *Pool) askNix(ctx context.Context, builds []*build, answer *nixlog.Plan) error {
	drvs := make([]string, 0, len(builds))
	for _, b := range builds {
		drvs = append(drvs, b.Drv)
	}
	more, err := p.o.Client.DryRun(ctx, drvs...)
	if errors.Is(err, context.DeadlineExceeded) {
		return &cause.SlowError{What: "looking up what to build", Limit: p.o.Timeout}
	}
	if err == nil {
		answer.Build = append(answer.Build, more.Build...)
		answer.Fetch = append(answer.Fetch, more.Fetch...)
		for cache, why := range more.Unreachable {
			if answer.Unreachable == nil {
				answer.Unreachable = map[string]string{}
			}
			answer.Unreachable[cache] = why
		}
	}
	return err
}

// bisect finds the builds that made the answer for all of them fail, with an error: one bad
// derivation fails it for all. If it fails for both the first and the last build, no single
// build is likely to be the reason, and it counts as failed for all.
func bisect(builds []*build, err error, ask func([]*build) error, lost map[*build]error) {
	if len(builds) == 1 {
		lost[builds[0]] = err
		return
	}
	try := func(some []*build) {
		if err := ask(some); err != nil {
			bisect(some, err, ask, lost)
		}
	}
	first, rest, last := builds[:1], builds[1:len(builds)-1], builds[len(builds)-1:]
	try(first)
	try(last)
	if lost[first[0]] != nil && lost[last[0]] != nil {
		for _, b := range rest {
			lost[b] = err
		}
		return
	}
	if len(rest) > 0 {
		for half := range slices.Chunk(rest, (len(rest)+1)/2) {
			try(half)
		}
	}
}
