package runner

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/buildpool"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// build takes a cell through building, and through booting if it is a VM.
func (r *run) build(ctx context.Context, res outcome.Result, vm nix.VMInfo) {
	r.emit(event.Waiting{Cell: res.Cell})
	// Others that have the same derivation may be new, or other than they were.
	if r.isUnchanged(ctx, res) {
		res.Status, res.How = result.Passed, result.Unchanged
		r.finish(res)
		return
	}
	b := r.builds.Build(buildpool.Request{Cell: res.Cell, Drv: res.DrvPath, Outputs: res.OutPaths})
	res.Status, res.How, res.Note, res.Causes = b.Status, b.How, b.Note, b.Causes
	res.Flaky = res.Flaky || b.Flaky
	if b.Phase.Name.Kind != "" {
		res.Phases = append(res.Phases, b.Phase)
	}
	if res.Cell.Kind == matrix.KindVM && r.VM.Boot != nil && res.Status == result.Passed && res.How != result.Evaluated {
		r.boot(ctx, &res, vm)
	}
	r.finish(res)
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
