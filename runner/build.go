package runner

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/matrix"
)

// build is the building of one derivation, done once for all cells that have
// it.
type build struct {
	once   sync.Once
	done   chan struct{}
	where  string // behind the phase's name while it runs, for a build of the base
	status Status
	how    How
	note   string
	phase  Phase
	causes []*Cause
}

// buildOf gives the one build of a derivation.
func (r *run) buildOf(drv string) *build {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.builds[drv]
	if b == nil {
		b = &build{done: make(chan struct{})}
		r.builds[drv] = b
	}
	return b
}

// build takes a cell through building.
func (r *run) build(ctx context.Context, res Result, b *build, after []*build) {
	r.waits(res.Cell)
	// Not while holding b: one of the others may be b itself.
	for _, other := range after {
		<-other.done
	}
	b.once.Do(func() {
		defer close(b.done)
		if r.isUnchanged(ctx, res) {
			b.status, b.how = Passed, Unchanged
			return
		}
		r.realise(ctx, res, b)
	})
	res.Status, res.How, res.Note, res.Causes = b.status, b.how, b.note, b.causes
	if b.phase.Name != "" {
		res.Phases = append(res.Phases, b.phase)
	}
	if res.Cell.Kind == matrix.KindVM && r.VM.Boot != nil && res.Status == Passed && res.How != Evaluated && res.How != Unchanged {
		r.boot(ctx, &res)
	}
	r.finish(res)
}

// realise builds the derivation of a cell when its turn comes.
func (r *run) realise(ctx context.Context, res Result, b *build) {
	select {
	case r.buildSlots <- struct{}{}:
		defer func() { <-r.buildSlots }()
	case <-ctx.Done():
		b.status, b.phase = Canceled, Phase{Name: PhaseBuild, Status: Canceled, Started: time.Now()}
		return
	}
	if !r.buildable(ctx, res, b) {
		return
	}
	r.started(res.Cell, PhaseBuild+b.where)
	var result nix.BuildResult
	var err error
	b.phase = Phase{Name: PhaseBuild, Started: time.Now()}
	stopped := r.bounded(ctx, func(ctx context.Context) {
		result, err = r.Client.Build(ctx, res.DrvPath, nix.BuildWatcher{Start: r.builderStarts, End: r.builderEnded, Log: r.builderWrote})
	})
	b.phase.Duration, b.phase.MaxRSS = time.Since(b.phase.Started), result.Usage.MaxRSS
	r.judge(ctx, res, b, result, err, stopped)
	b.phase.Status = b.status
	if len(b.causes) > 0 {
		b.phase.Message = b.causes[0].Title
	}
}

// buildable says whether the machine can have the derivation: it is for a
// system that builds can run for, or nothing of it would have to be built. A VM
// is had to be run.
func (r *run) buildable(ctx context.Context, res Result, b *build) bool {
	if r.Machine.CanBuild(res.Cell.System) {
		return true
	}
	var plan nix.Plan
	var err error
	boots := res.Cell.Kind == matrix.KindVM
	if !boots {
		plan, err = r.Client.DryRun(ctx, res.DrvPath)
	}
	switch {
	case ctx.Err() != nil:
		b.status = Canceled
	case err != nil:
		b.status, b.causes = Error, []*Cause{r.causes.ofBuild(nix.BuildFailure{Kind: nix.FailOther, Message: err.Error()}, nil)}
	case !boots && len(plan.Build) == 0:
		return true
	default:
		b.status, b.how = Passed, Evaluated
		b.note = fmt.Sprintf("only evaluated: this machine cannot build for %s", res.Cell.System)
	}
	return false
}

// judge turns what Nix did into the status of the cell.
func (r *run) judge(ctx context.Context, res Result, b *build, result nix.BuildResult, err error, stopped Status) {
	passed := err == nil && len(result.Failures) == 0
	switch {
	case passed:
		b.status, b.how = Passed, r.how(res.DrvPath)
	case stopped == TimedOut:
		b.status = TimedOut
		b.causes = append([]*Cause{timeoutCause(res.Cell.ID, PhaseBuild, r.Timeout)}, r.failedBefore(ctx, result)...)
	case stopped != "":
		b.status, b.causes = stopped, r.failedBefore(ctx, result)
	case err != nil:
		b.status, b.causes = Error, []*Cause{r.causes.ofBuild(nix.BuildFailure{Kind: nix.FailOther, Message: err.Error()}, nil)}
	default:
		for _, f := range result.Failures {
			b.causes = append(b.causes, r.causes.ofBuild(f, func() string { return r.keepLog(ctx, f.DrvPath) }))
		}
		b.status = blame(res.DrvPath, b.causes)
	}
}

// failedBefore are the causes of what a build had met before it was stopped. A
// builder that ended by a signal, or for no known reason, may have been stopped
// with it.
func (r *run) failedBefore(ctx context.Context, result nix.BuildResult) []*Cause {
	var causes []*Cause
	for _, f := range result.Failures {
		if f.ExitCode > 0 {
			causes = append(causes, r.causes.ofBuild(f, func() string { return r.keepLog(ctx, f.DrvPath) }))
		}
	}
	return causes
}

// blame is the status of a cell from its causes: its own failure counts before
// that of a dependency, and both before what the machine could not do.
func blame(drv string, causes []*Cause) Status {
	worst := Error
	for _, c := range causes {
		s := c.status()
		switch {
		case c.DrvPath == drv && s != Error:
			return s
		case s == TimedOut && worst == Error:
			worst = TimedOut
		case s == Failed:
			worst = DependencyFailed
		}
	}
	return worst
}

// builderStarts is told of a builder that starts.
func (r *run) builderStarts(drv string) {
	r.noteBuilt(drv)
	r.watch(func(w Watcher) {
		if w.Builder != nil {
			w.Builder(drv, true)
		}
	})
}

// builderEnded is told of a builder that has ended, whatever way.
func (r *run) builderEnded(drv string) {
	r.watch(func(w Watcher) {
		if w.Builder != nil {
			w.Builder(drv, false)
		}
	})
}

// builderWrote is told of what a builder writes.
func (r *run) builderWrote(drv, line string) {
	r.watch(func(w Watcher) {
		if w.Line != nil {
			w.Line(drv, line)
		}
	})
}

// noteBuilt remembers a builder that was started in this run, for whichever
// cell.
func (r *run) noteBuilt(drv string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.built == nil {
		r.built = map[string]bool{}
	}
	r.built[drv] = true
}

// how tells what was built from what was there. Of two cells that share a
// derivation one waits for the other's builder and starts none of its own.
func (r *run) how(drv string) How {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.built[drv] {
		return Built
	}
	return Cached
}

// How long fetching a log may take. It is fetched for an interrupted run too.
const logLimit = 10 * time.Second

// keepLog writes the whole log of a failed derivation below the artifacts and
// gives its path, or "" where there is none to be had.
func (r *run) keepLog(ctx context.Context, drv string) string {
	if r.Artifacts == "" {
		return ""
	}
	hash, _, _ := strings.Cut(filepath.Base(drv), "-")
	name := filepath.Join("logs", nix.DrvName(drv)+"-"+hash[:min(8, len(hash))]+".log")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), logLimit)
	defer cancel()
	path, err := artifact.Write(r.Artifacts, name, func(w io.Writer) error { return r.Client.Log(ctx, drv, w) })
	if err != nil {
		return ""
	}
	return path
}
