package runner

import (
	"cmp"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/buildpool"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// build builds a cell, boots it if it is a VM, and returns its result.
func (r *run) build(ctx context.Context, res outcome.Result, vm question.VMInfo) outcome.Result {
	r.emit(event.Waiting{Cell: res.Cell})
	// Another cell with the same derivation may be new or changed.
	if r.isUnchanged(ctx, res) {
		res.Status, res.How = result.Passed, result.Unchanged
		r.finish(res)
		return res
	}
	boots := res.Cell.Kind == result.KindVM && r.VM.Boot != nil
	if boots && r.PlanOnly {
		res.Status, res.How = result.Passed, result.Evaluated
		r.finish(res)
		return res
	}
	b := r.builds.Build(buildpool.Request{Cell: res.Cell, Drv: res.DrvPath, Outputs: res.OutPaths, IfMissing: r.PlanOnly})
	res.Status, res.How, res.Note, res.Causes = b.Status, b.How, b.Note, b.Causes
	res.Flaky = res.Flaky || b.Flaky
	if b.Phase.Name.Kind != "" {
		res.Phases = append(res.Phases, b.Phase)
	}
	if boots && res.Status == result.Passed && res.How != result.Evaluated {
		r.boot(ctx, &res, vm)
	}
	r.finish(res)
	return res
}

// How long fetching a log may take. One of a GB takes a minute. Logs are fetched even if the
// run was interrupted, but then the user waits.
const (
	logLimit      = 2 * time.Minute
	logLimitAtEnd = 10 * time.Second
)

// maxLog is about how much of a log is kept, in bytes. Nix keeps logs compressed: one that
// takes no room there may fill this machine's disk.
const maxLog = 1 << 30

// keepLog writes the log of a failed derivation into the artifacts and returns its path, or ""
// if there is none. If Nix has no log, it writes what was seen of it.
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
		log := &countingWriter{to: w}
		short := artifact.NewShortened(log, maxLog)
		if err := errors.Join(r.Client.Log(ctx, cmp.Or(f.Resolved, f.DrvPath), short), short.Close()); err != nil {
			return err
		}
		if log.bytes == 0 {
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

// countingWriter counts the bytes that are written.
type countingWriter struct {
	to    io.Writer
	bytes int
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.bytes += len(p)
	return w.to.Write(p)
}
