package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// build is the building of one derivation, done once for all cells that have
// it.
type build struct {
	once   sync.Once
	done   chan struct{}
	atBase bool // it is a cell as it was at the base
	// ifMissing leaves it alone if it can be fetched: then it is cached.
	ifMissing bool
	status    result.Status
	how       result.How
	note      string
	phase     outcome.Phase
	causes    []*result.Cause
	work      // while the builders have it
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

// build takes a cell through building, and through booting if it is a VM.
func (r *run) build(ctx context.Context, res outcome.Result, b *build, vm nix.VMInfo) {
	r.emit(event.Waiting{Cell: res.Cell})
	// Others that have the same derivation may be new, or other than they were.
	if r.isUnchanged(ctx, res) {
		res.Status, res.How = result.Passed, result.Unchanged
		r.finish(res)
		return
	}
	b.once.Do(func() {
		defer close(b.done)
		r.realise(res, b)
	})
	res.Status, res.How, res.Note, res.Causes = b.status, b.how, b.note, b.causes
	res.Flaky = res.Flaky || b.faults > 0 && b.status == result.Passed
	if b.phase.Name.Kind != "" {
		res.Phases = append(res.Phases, b.phase)
	}
	if res.Cell.Kind == matrix.KindVM && r.VM.Boot != nil && res.Status == result.Passed && res.How != result.Evaluated {
		r.boot(ctx, &res, vm)
	}
	r.finish(res)
}

// realise has the derivation of a cell built. A VM is had to be run.
func (r *run) realise(res outcome.Result, b *build) {
	if res.Cell.Kind == matrix.KindVM && !r.Machine.CanBuild(res.Cell.System) {
		b.onlyEvaluated(res.Cell)
		return
	}
	b.work = work{cell: res.Cell, drv: res.DrvPath, outputs: paths(res.OutPaths), over: make(chan struct{})}
	// What is addressed by its content has no path before it is built.
	store := filepath.Dir(res.DrvPath) + "/"
	if slices.ContainsFunc(b.outputs, func(out string) bool { return !strings.HasPrefix(out, store) }) {
		b.outputs = nil
	}
	r.builders.want(b)
	<-b.over
	if b.status == result.Passed && b.how != result.Evaluated && !(b.ifMissing && b.how == result.Cached) {
		r.prove(r.builders.ctx, b)
	}
}

// onlyEvaluated ends a build that this machine cannot do.
func (b *build) onlyEvaluated(c matrix.Cell) {
	b.status, b.how = result.Passed, result.Evaluated
	b.note = fmt.Sprintf("only evaluated: this machine cannot build for %s", c.System)
}

// blame is the status of a cell from its causes: its own failure counts before
// that of a dependency, and both before what the machine could not do.
func blame(drv string, causes []*result.Cause) result.Status {
	worst := result.Error
	for _, c := range causes {
		s := c.Kind.Status()
		switch {
		case c.DrvPath == drv && s != result.Error:
			return s
		case s == result.TimedOut && worst == result.Error:
			worst = result.TimedOut
		case s == result.Failed:
			worst = result.DependencyFailed
		}
	}
	return worst
}

// builderStarted notes that a builder started.
func (r *run) builderStarted(drv string) {
	r.noteBuilt(drv)
	r.emit(event.BuilderStarted{Drv: drv})
}

// builderStopped notes that a builder ended, in whatever way.
func (r *run) builderStopped(drv string) { r.emit(event.BuilderStopped{Drv: drv}) }

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

// how tells what was built from what was there. Of cells that share a derivation
// its builder runs for one, and it was built for all.
func (r *run) how(drv string) result.How {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.built[drv] {
		return result.Built
	}
	return result.Cached
}

// How long fetching a log may take, one of a GB a minute. It is fetched for an
// interrupted run too, whose user waits.
const (
	logLimit      = 2 * time.Minute
	logLimitAtEnd = 10 * time.Second
)

// mostLog is about how much of a log is kept, in bytes. Nix keeps logs compressed, so
// that one which fills this machine's disk may take no room there.
const mostLog = 1 << 30

// keepLog writes the log of a failed derivation below the artifacts and gives its
// path, or "" where there is none to be had. It is the whole log that Nix has, and
// where that has none, as much as was seen.
func (r *run) keepLog(ctx context.Context, f nixlog.BuildFailure) string {
	if r.Artifacts == nil {
		return ""
	}
	hash, _, _ := strings.Cut(filepath.Base(f.DrvPath), "-")
	name := storepath.Name(f.DrvPath) + "-" + hash[:min(8, len(hash))] + ".log"
	limit := logLimit
	if ctx.Err() != nil {
		limit = logLimitAtEnd
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	path, err := r.Artifacts.Text(func(w io.Writer) error {
		said := &said{to: w}
		whole := artifact.NewShortened(said, mostLog)
		if err := errors.Join(r.Client.Log(ctx, f.DrvPath, whole), whole.Close()); err != nil {
			return err
		}
		if !said.anything {
			return errors.New("the log is empty")
		}
		return nil
	}, "logs", name)
	if err != nil && f.Log != "" {
		path, err = r.Artifacts.Text(func(w io.Writer) error {
			_, err := io.WriteString(w, f.Log)
			return err
		}, "logs", name)
	}
	if err != nil {
		return ""
	}
	return path
}

// said tells whether anything was written.
type said struct {
	to       io.Writer
	anything bool
}

func (s *said) Write(p []byte) (int, error) {
	s.anything = s.anything || len(p) > 0
	return s.to.Write(p)
}
