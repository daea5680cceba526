package runner

import (
	"context"
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/internal/diagnose"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
)

// prove looks for the outputs of a build that Nix says is done: a cell passes for what
// is there, not for what a program said. What is not there is built once more, for
// garbage may have been collected since, as by min-free of a builder in the same run.
func (r *run) prove(ctx context.Context, b *build) {
	missing, err := r.missing(ctx, b)
	if err == nil && len(missing) > 0 {
		if err = r.buildAgain(ctx, b); err == nil {
			missing, err = r.missing(ctx, b)
		}
	}
	switch {
	case ctx.Err() != nil && (err != nil || len(missing) > 0):
		b.overrule(result.Canceled, nil)
	case err != nil:
		b.overrule(result.Error, r.causes.unproven(fmt.Sprintf("could not make sure that %s was built: %v", storepath.Name(b.drv), err)))
	case len(missing) > 0:
		what := strings.Join(missing, " ")
		if what == b.drv {
			what = "output of it"
		}
		b.overrule(result.Error, r.causes.unproven(fmt.Sprintf("nix build says that %s is built, but the store has no %s", storepath.Name(b.drv), what)))
	}
}

// So many lookups go on at once: each may be a process, if the store is elsewhere.
const mostLookups = 4

// missing are the outputs that the store lacks.
func (r *run) missing(ctx context.Context, b *build) ([]string, error) {
	select {
	case r.lookups <- struct{}{}: // also if the run has just ended: what was built by then counts
	default:
		select {
		case r.lookups <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer func() { <-r.lookups }()
	return r.Client.Missing(ctx, b.drv, b.outputs)
}

// buildAgain builds what the store lacks. It bypasses the builders, which believe that
// it is there.
func (r *run) buildAgain(ctx context.Context, b *build) (err error) {
	r.bounded(ctx, func(ctx context.Context) {
		var built nix.BuildResult
		built, err = r.Client.Build(ctx, []string{b.drv}, 1, nixlog.BuildWatcher{
			Start: r.builderStarted, End: r.builderStopped,
			Log: func(drv, line string) { r.events.SendLine(ctx, event.Line{Drv: drv, Text: line}) },
		})
		if err == nil && len(built.Failures) > 0 {
			err = fmt.Errorf("building it once more: %s", diagnose.Build(built.Failures[0]).Title)
		}
	})
	if err == nil {
		b.how = r.how(b.drv)
	}
	return err
}

// overrule replaces the status that a build seemed to have.
func (b *build) overrule(status result.Status, cause *result.Cause) {
	b.status, b.how, b.phase.Status = status, "", status
	if cause != nil {
		b.causes, b.phase.Message = []*result.Cause{cause}, cause.Title
	}
}

// unproven is the cause for what Nix said it did and did not do.
func (cs *causes) unproven(title string) *result.Cause {
	return cs.once(title, func() *result.Cause {
		return &result.Cause{Kind: result.CauseInfra, Title: title, Message: title, Hint: "Nix reports success for what it did not do: see which nix runs, and check its store with nix store verify"}
	})
}
