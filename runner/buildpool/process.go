package buildpool

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/diagnose"
	"github.com/flakeci/flakeci/internal/memory"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/disk"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/graph"
	"github.com/flakeci/flakeci/runner/retry"
)

// process is a running nix build.
type process struct {
	*graph.Part // what it builds
	grant
	cancel   context.CancelFunc
	canceled bool            // nothing needs it any more
	avoided  []string        // remote builders that failed it
	builders map[string]bool // that run now, by derivation
	works    map[*build]bool // whose clocks it runs
	// joined are the builds in works for which the process was not started: they came while it was
	// building something that they need.
	joined map[*build]bool
	space  *disk.Process // its use of the disk
	// progress means that it has built something.
	progress bool
}

// start starts a process for a part of the graph.
func (p *Pool) start(part *graph.Part) {
	ctx, cancel := context.WithCancel(p.ctx)
	class := p.slots.class(p.o.Machine, p.goals[part.Goals[0]].Cell.System)
	w := &process{
		Part: part, grant: p.slots.take(class, part.Jobs), cancel: cancel,
		builders: map[string]bool{}, works: map[*build]bool{}, joined: map[*build]bool{},
	}
	p.processes = append(p.processes, w)
	for _, id := range part.Goals {
		p.work(w, p.goals[id])
	}
	jobs := w.maxJobs(class)
	p.running.Go(safely.Func(func() {
		defer cancel()
		built, err := p.run(ctx, w, jobs)
		p.processEnded(ctx, w, built, err)
	}))
}

// run runs nix build, and again after a transient failure.
func (p *Pool) run(ctx context.Context, w *process, jobs int) (built nix.BuildResult, err error) {
	for attempt := 1; ; attempt++ {
		built, err = p.runWithin(ctx, w, jobs)
		if err == nil && ctx.Err() == nil && p.avoid(w, built) {
			p.giveUp(built.Failures)
			p.retrying(w, built.Failures[0])
			attempt--
			continue
		}
		if err != nil || !transient(built) || attempt > p.o.Retries {
			return built, err
		}
		p.retrying(w, built.Failures[0])
		if !retry.Pause(ctx, attempt) {
			return built, ctx.Err()
		}
	}
}

// transient reports whether all failures of a build may be gone the next time.
func transient(built nix.BuildResult) bool {
	return len(built.Failures) > 0 && !slices.ContainsFunc(built.Failures, func(f nixlog.BuildFailure) bool { return !f.Transient() })
}

// runWithin runs nix build within the space that the disk has, and again if more was made free.
func (p *Pool) runWithin(ctx context.Context, w *process, jobs int) (built nix.BuildResult, err error) {
	w.space = p.o.Disk.Begin(p.drvsOf(w))
	defer p.o.Disk.End(w.space)
	for {
		stopped := p.o.Disk.Try(ctx, w.space, func(ctx context.Context) { built, err = p.runOnce(ctx, w, jobs) })
		switch {
		case p.o.Disk == nil || !stopped && !outOfSpace(built):
			return built, err
		case p.o.Disk.Full(ctx, w.space):
		case stopped && ctx.Err() == nil:
			return nix.BuildResult{Built: built.Built, Failures: p.stoppedByDisk(w, built.Failures), Usage: built.Usage}, nil
		default:
			return built, err
		}
	}
}

// stoppedByDisk returns what a process did not build because it was stopped before it filled the disk,
// after what had failed by itself by then.
func (p *Pool) stoppedByDisk(w *process, failures []nixlog.BuildFailure) []nixlog.BuildFailure {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(failures), byStop)
	own := len(list)
	for _, drv := range w.Remaining() {
		if !slices.ContainsFunc(list[:own], func(f nixlog.BuildFailure) bool { return f.DrvPath == drv }) {
			list = append(list, nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseDisk, Message: "it was stopped before the disk was full"})
		}
	}
	return list
}

// byStop reports whether stopping a process may be why something failed: a builder that ended by a
// signal, or for no known reason, may have been stopped with it.
func byStop(f nixlog.BuildFailure) bool {
	return f.ExitCode <= 0 && f.Kind != result.CauseHash && f.Kind != result.CauseFeature && f.Kind != result.CauseSystem
}

// outOfSpace reports whether something failed because the disk is full.
func outOfSpace(built nix.BuildResult) bool {
	return slices.ContainsFunc(built.Failures, func(f nixlog.BuildFailure) bool { return f.Kind == result.CauseDisk })
}

// drvsOf returns the derivations of the builds that a process was started for.
func (p *Pool) drvsOf(w *process) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var drvs []string
	for _, id := range w.Goals {
		drvs = append(drvs, p.goals[id].Drv)
	}
	return drvs
}

// retrying notes and reports that a process is run again, and why.
func (p *Pool) retrying(w *process, why nixlog.BuildFailure) {
	p.mu.Lock()
	var cells []result.Cell
	for b := range w.works {
		if !b.ended {
			b.faults++
			cells = append(cells, b.Cell)
		}
	}
	p.mu.Unlock()
	p.sendRetrying(cells, diagnose.Build(why))
}

func (p *Pool) runOnce(ctx context.Context, w *process, jobs int) (nix.BuildResult, error) {
	kills := memory.OOMKills()
	built, err := p.client(w).Build(ctx, w.Roots, jobs, nixlog.BuildWatcher{
		Start: func(drv, on string) {
			p.mu.Lock()
			w.builders[drv] = true
			p.join(w, drv)
			p.mu.Unlock()
			p.stalls.wrote(drv)
			p.builderStarted(drv, on)
		},
		End: func(drv string) {
			p.mu.Lock()
			delete(w.builders, drv)
			p.leave(w)
			p.mu.Unlock()
			p.stalls.ended(drv)
			p.builderStopped(drv)
		},
		Done: func(drv string) { p.done(w, drv) },
		Log: func(drv, line string) {
			p.stalls.wrote(drv)
			p.o.Events.SendLine(ctx, event.Line{Drv: drv, Text: line})
		},
		Unsigned: p.distrust,
	})
	for i, f := range built.Failures {
		if f.Killed() && memory.OOMKills() > kills {
			built.Failures[i].Kind = result.CauseMemory
		}
	}
	return built, err
}

// done notes that a derivation is in the store.
func (p *Pool) done(w *process, drv string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.progress = true
	p.graph.Done(drv)
	p.slots.shrink(&w.grant, p.graph.Width(w.Part))
	if len(w.builders) > 0 {
		p.cancelUnneeded(w)
	}
	p.proceed()
}

// processEnded records what a process did.
func (p *Pool) processEnded(ctx context.Context, w *process, built nix.BuildResult, err error) {
	stopped := ctx.Err() != nil
	success := err == nil && len(built.Failures) == 0
	failures := p.failuresOf(ctx, w, built, err, stopped)
	p.dropBuilders(built)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slots.shrink(&w.grant, 0)
	p.processes = slices.DeleteFunc(p.processes, func(o *process) bool { return o == w })
	now := time.Now()
	for b := range w.works {
		b.clock.stop(now)
		b.maxRSS = max(b.maxRSS, built.Usage.MaxRSS)
	}
	p.graph.End(w.Part, success, p.blame(w, failures, success || stopped))
	for b := range w.works {
		if b.stopped != "" && !p.isEnding(b) {
			p.settleStopped(b)
		}
	}
	p.proceed()
	p.sendWaiting(slices.Collect(maps.Keys(w.works)))
}

// failure is a derivation that failed, empty if unknown, and why.
type failure struct {
	drv    string
	cause  *result.Cause
	system string // that nothing builds for, if that is why
}

// failuresOf returns the failures of a process. If it was stopped, failures that the stop may have
// caused do not count.
func (p *Pool) failuresOf(ctx context.Context, w *process, built nix.BuildResult, err error, stopped bool) []failure {
	var list []failure
	for _, f := range built.Failures {
		if f.Kind == result.CauseDisk && p.o.Disk != nil && !stopped {
			list = append(list, failure{f.DrvPath, p.misfit(ctx, w, f), ""})
			continue
		}
		if !stopped || !byStop(f) {
			list = append(list, failure{f.DrvPath, p.o.Causes.OfBuild(ctx, f), f.System})
		}
	}
	if err != nil && !stopped {
		list = append(list, failure{"", p.o.Causes.OfBuildError(ctx, err), ""})
	}
	return list
}

// misfit returns the cause of builds that do not fit on the disk, even alone.
func (p *Pool) misfit(ctx context.Context, w *process, f nixlog.BuildFailure) *result.Cause {
	title := p.o.Disk.Misfit(w.space)
	if title == "" {
		return p.o.Causes.OfBuild(ctx, f)
	}
	drvs := p.drvsOf(w)
	slices.Sort(drvs)
	return p.o.Causes.Once("does not fit\x00"+strings.Join(drvs, " "), func() *result.Cause {
		c := *p.o.Causes.OfBuild(ctx, f)
		c.Title, c.Key = title, ""
		c.Hint = "use a larger disk, or move the store to one; everything that finished cells had needed is deleted already"
		return &c
	})
}

// blame notes the causes of failures and returns the derivations of the graph that failed. A
// failure that names none of them fails everything that is left of the part, unless the process
// made progress.
func (p *Pool) blame(w *process, failures []failure, explained bool) []string {
	var drvs []string
	for _, f := range failures {
		if p.graph.Open(f.drv) {
			p.causes[f.drv], p.systems[f.drv] = f.cause, f.system
			drvs = append(drvs, f.drv)
		}
	}
	if explained || w.progress || len(drvs) > 0 {
		return drvs
	}
	for _, drv := range w.Remaining() {
		p.causes[drv] = failures[0].cause
		drvs = append(drvs, drv)
	}
	return drvs
}
