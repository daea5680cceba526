package runner

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/diagnose"
	"github.com/flakeci/flakeci/internal/memory"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/graph"
	"github.com/flakeci/flakeci/runner/retry"
)

// builders builds what cells need. What is not in the store goes into one graph,
// so that what cells share is built once; of that, nix processes get parts that
// can be built now, as many at a time as there are slots for builders.
type builders struct {
	planner
	r       *run
	ctx     context.Context
	release func() bool
	running sync.WaitGroup // nix processes

	mu      sync.Mutex // of all below, and of each build's work
	silence silence
	graph   graph.Graph
	goals   []*build // by their number in the graph
	parts   []*part  // that are being built
	slots   slots
	causes  map[string]*result.Cause // of derivations that failed
	// stopping says that the run was interrupted.
	stopping bool
}

// part is a part of the graph with the process that builds it.
type part struct {
	*graph.Part
	grant
	class  int
	cancel context.CancelFunc
	// unwanted says that it was canceled, for nobody wants it any more.
	unwanted bool
	builders map[string]bool // that run now, by derivation
	works    map[*build]bool // whose clocks it keeps going
	// joined are those of them that it was not begun for: they came when something
	// that they need was being built.
	joined map[*build]bool
	// progress says that something of it came to an end.
	progress bool
}

func newBuilders(ctx context.Context, r *run) *builders {
	s := &builders{r: r, ctx: ctx, slots: newSlots(r.BuildJobs, r.Machine), causes: map[string]*result.Cause{}}
	s.planner.ask = s.plan
	s.silence = silence{after: r.Stall, report: s.silent, builders: map[string]*lastWord{}}
	safely.Go(func() { s.silence.watch(ctx) })
	s.graph.OneRoot = r.Client != nil && !r.Client.Version.NamesAllFailures()
	s.release = context.AfterFunc(ctx, safely.Func(s.interrupt))
	return s
}

// end waits for the last process.
func (s *builders) end() {
	s.release()
	s.running.Wait()
}

// plan finds out what builds take. What is there is cached; the others join the
// graph.
func (s *builders) plan(batch []*build) {
	s.r.emit(event.Planning{Running: true})
	f := s.r.foresee(s.ctx, batch)
	if back := s.r.revive(f.lost); len(back) > 0 {
		f.with(s.r.foresee(s.ctx, back), back)
	}
	s.r.emit(event.Planning{Running: false})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range batch {
		s.add(b, f)
	}
	for _, p := range s.parts {
		for drv := range p.builders {
			s.worksOn(p, drv)
		}
	}
	s.proceed()
}

func (s *builders) add(b *build, f foresight) {
	can := s.r.Machine.CanBuild(b.cell.System)
	err := f.lost[b]
	switch {
	case s.stopping || s.ctx.Err() != nil:
		b.settle(result.Canceled)
	case err != nil && !can:
		c := s.r.causes.ofLost(err)
		b.causes = []*result.Cause{c}
		b.settle(c.Kind.Status())
	case err == nil && f.cached(b):
		b.how = s.r.how(b.drv)
		b.settle(result.Passed)
	case !can && f.builds[b.drv]:
		b.onlyEvaluated(b.cell)
		b.end()
	default:
		// What is wrong with one that was lost, its build tells.
		s.goals = append(s.goals, b)
		b.goal = s.graph.Add(b.drv, s.slots.class(s.r.Machine, b.cell.System), f.needs)
	}
}

// proceed settles what has come to its end and starts what can be begun.
func (s *builders) proceed() {
	for _, id := range s.graph.Ended() {
		s.settle(s.goals[id])
	}
	for !s.stopping {
		p := s.graph.Take(s.slots.room)
		if p == nil {
			return
		}
		s.start(p)
	}
}

// settle says how a build ended that the graph is done with.
func (s *builders) settle(b *build) {
	if s.graph.IsDone(b.goal) {
		b.how = s.r.how(b.drv)
		b.settle(result.Passed)
		return
	}
	b.causes = s.causesOf(b)
	b.settle(blame(b.drv, b.causes))
}

// causesOf are the causes of all that failed below a build.
func (s *builders) causesOf(b *build) []*result.Cause {
	var list []*result.Cause
	for _, drv := range s.graph.Failed(b.goal) {
		if c := s.causes[drv]; !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

// start starts a process for a part.
func (s *builders) start(g *graph.Part) {
	ctx, cancel := context.WithCancel(s.ctx)
	class := s.slots.class(s.r.Machine, s.goals[g.Goals[0]].cell.System)
	p := &part{
		Part: g, class: class, grant: s.slots.take(class, g.Jobs), cancel: cancel,
		builders: map[string]bool{}, works: map[*build]bool{}, joined: map[*build]bool{},
	}
	s.parts = append(s.parts, p)
	for _, id := range g.Goals {
		s.work(p, s.goals[id])
	}
	jobs := p.maxJobs(class)
	s.running.Go(safely.Func(func() {
		defer cancel()
		built, err := s.realise(ctx, p, jobs)
		s.ended(ctx, p, built, err)
	}))
}

// realise runs the process, and another one if what it failed for may be gone then.
func (s *builders) realise(ctx context.Context, p *part, jobs int) (built nix.BuildResult, err error) {
	for tried := 1; ; tried++ {
		built, err = s.try(ctx, p, jobs)
		if err != nil || !transient(built) || tried > s.r.Retries {
			return built, err
		}
		s.again(p, built.Failures[0])
		if !retry.Pause(ctx, tried, s.r.Retries) {
			return built, ctx.Err()
		}
	}
}

// transient says whether a build failed for nothing but what may be gone the next
// time.
func transient(built nix.BuildResult) bool {
	return len(built.Failures) > 0 && !slices.ContainsFunc(built.Failures, func(f nixlog.BuildFailure) bool { return !f.Transient() })
}

// again sends that a part is built once more, and why.
func (s *builders) again(p *part, why nixlog.BuildFailure) {
	s.mu.Lock()
	var cells []matrix.Cell
	for b := range p.works {
		if !b.isOver {
			b.faults++
			cells = append(cells, b.cell)
		}
	}
	s.mu.Unlock()
	s.r.emitRetrying(cells, result.PhaseBuild, diagnose.Build(why))
}

// try runs a process.
func (s *builders) try(ctx context.Context, p *part, jobs int) (nix.BuildResult, error) {
	kills := memory.OOMKills()
	built, err := s.r.Client.Build(ctx, p.Roots, jobs, nixlog.BuildWatcher{
		Start: func(drv string) { s.builder(p, drv, true) },
		End:   func(drv string) { s.builder(p, drv, false) },
		Done:  func(drv string) { s.done(p, drv) },
		Log: func(drv, line string) {
			s.silence.heard(drv)
			s.r.events.SendLine(ctx, event.Line{Drv: drv, Text: line})
		},
	})
	for i, f := range built.Failures {
		if f.Killed() && memory.OOMKills() > kills {
			built.Failures[i].Kind = result.CauseMemory
		}
	}
	return built, err
}

// work keeps the clock of a build going while a part is built, and says whether it
// did not before.
func (s *builders) work(p *part, b *build) bool {
	if p.works[b] || b.isOver {
		return false
	}
	p.works[b] = true
	first, now := b.began.IsZero(), time.Now()
	switch goes := b.clock.start(now, s.r.Timeout, func() { s.timeUp(b) }); {
	case first:
		s.r.emit(event.Started{Cell: b.cell, Phase: result.PhaseBuild.Name(), AtBase: b.atBase})
	case goes:
		s.r.emit(event.Resumed{Cell: b.cell, Phase: result.PhaseBuild.Name(), AtBase: b.atBase, Since: now.Add(-b.worked)})
	}
	return true
}

// idle sends which builds nothing is done for any more.
func (s *builders) idle(builds []*build) {
	for _, b := range builds {
		if !b.isOver && b.running == 0 {
			s.r.emit(event.Waiting{Cell: b.cell})
		}
	}
}

// worksOn keeps the clocks of all builds going that need a derivation.
func (s *builders) worksOn(p *part, drv string) {
	for _, id := range s.graph.Goals(drv) {
		if b := s.goals[id]; s.work(p, b) {
			p.joined[b] = true
		}
	}
}

// leave stops the clocks of those who joined a part and need nothing that is being
// built of it now.
func (s *builders) leave(p *part) {
	if len(p.joined) == 0 {
		return
	}
	wanted := map[graph.Goal]bool{}
	for drv := range p.builders {
		for _, id := range s.graph.Goals(drv) {
			wanted[id] = true
		}
	}
	var left []*build
	for b := range p.joined {
		if !wanted[b.goal] && b.stopped == "" { // else it waits for the process
			b.clock.stop(time.Now())
			delete(p.joined, b)
			delete(p.works, b)
			left = append(left, b)
		}
	}
	s.idle(left)
}

// builder notes that a builder started or ended.
func (s *builders) builder(p *part, drv string, runs bool) {
	s.mu.Lock()
	if runs {
		p.builders[drv] = true
		s.worksOn(p, drv)
	} else {
		delete(p.builders, drv)
		s.leave(p)
	}
	s.mu.Unlock()
	if runs {
		s.silence.heard(drv)
		s.r.builderStarted(drv)
	} else {
		s.silence.ended(drv)
		s.r.builderStopped(drv)
	}
}

// done notes that a derivation is in the store.
func (s *builders) done(p *part, drv string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.progress = true
	s.graph.Done(drv)
	s.slots.shrink(&p.grant, s.graph.Width(p.Part))
	if len(p.builders) > 0 {
		s.giveUp(p)
	}
	s.proceed()
}

// ended takes in what a process did.
func (s *builders) ended(ctx context.Context, p *part, built nix.BuildResult, err error) {
	stopped := ctx.Err() != nil
	well := err == nil && len(built.Failures) == 0
	failed := s.causesFor(ctx, built, err, stopped)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slots.shrink(&p.grant, 0)
	s.parts = slices.DeleteFunc(s.parts, func(o *part) bool { return o == p })
	now := time.Now()
	for b := range p.works {
		b.clock.stop(now)
		b.maxRSS = max(b.maxRSS, built.Usage.MaxRSS)
	}
	s.graph.End(p.Part, well, s.blame(p, failed, well || stopped))
	for b := range p.works {
		if b.stopped != "" && !s.winding(b) {
			s.stop(b)
		}
	}
	s.proceed()
	s.idle(slices.Collect(maps.Keys(p.works)))
}

// failure is a derivation that failed and why; the derivation is empty where it is
// not known.
type failure struct {
	drv   string
	cause *result.Cause
}

// causesFor are the failures of a process. Of one that was stopped only those
// count of which it is sure that they did not come of that: a builder that ended
// by a signal, or for no known reason, may have been stopped with it.
func (s *builders) causesFor(ctx context.Context, built nix.BuildResult, err error, stopped bool) []failure {
	var list []failure
	for _, f := range built.Failures {
		if !stopped || f.ExitCode > 0 || f.Kind == result.CauseHash || f.Kind == result.CauseFeature || f.Kind == result.CauseSystem {
			list = append(list, failure{f.DrvPath, s.r.causes.ofBuild(f, func() string { return s.r.keepLog(ctx, f) })})
		}
	}
	if err != nil && !stopped {
		list = append(list, failure{"", s.r.causes.ofBuild(buildFault(err), nil)})
	}
	return list
}

// blame notes the causes of failures, and gives the derivations of the graph that
// failed so. A failure that is of none of them is of all that is left of the part.
func (s *builders) blame(p *part, failures []failure, settled bool) []string {
	var drvs []string
	for _, f := range failures {
		if s.graph.Open(f.drv) {
			s.causes[f.drv] = f.cause
			drvs = append(drvs, f.drv)
		}
	}
	if settled || p.progress || len(drvs) > 0 {
		return drvs
	}
	for _, drv := range p.Left() {
		s.causes[drv] = failures[0].cause
		drvs = append(drvs, drv)
	}
	return drvs
}
