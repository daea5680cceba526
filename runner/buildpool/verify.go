package buildpool

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

// verify looks for the outputs of a build that Nix says is done: a cell passes for what is in
// the store, not for what a program printed. What is missing is built once more, because
// garbage may have been collected since, as by min-free of a builder in the same run.
func (p *Pool) verify(b *build) {
	missing, err := p.missing(b)
	if err == nil && len(missing) > 0 {
		if err = p.rebuild(b); err == nil {
			missing, err = p.missing(b)
		}
	}
	switch {
	case p.ctx.Err() != nil && (err != nil || len(missing) > 0):
		b.overrule(result.Canceled, nil)
	case err != nil:
		p.fail(b, fmt.Sprintf("could not verify that %s was built: %v", storepath.Name(b.Drv), err))
	case len(missing) > 0:
		what := strings.Join(missing, " ")
		if what == b.Drv {
			what = "output of it"
		}
		p.fail(b, fmt.Sprintf("nix build says that %s is built, but the store has no %s", storepath.Name(b.Drv), what))
	}
}

// maxLookups limits how many lookups run at once: each may be a process, if the store is on
// another machine.
const maxLookups = 4

// missing returns the outputs that the store lacks.
func (p *Pool) missing(b *build) ([]string, error) {
	select {
	case p.lookups <- struct{}{}: // even if the run has just ended: what was built by then counts
	default:
		select {
		case p.lookups <- struct{}{}:
		case <-p.ctx.Done():
			return nil, p.ctx.Err()
		}
	}
	defer func() { <-p.lookups }()
	return p.o.Client.Missing(p.ctx, b.Drv, b.paths)
}

// rebuild builds what the store lacks. It bypasses the graph, in which it is done.
func (p *Pool) rebuild(b *build) (err error) {
	p.bounded(func(ctx context.Context) {
		var built nix.BuildResult
		built, err = p.o.Client.Build(ctx, []string{b.Drv}, 1, nixlog.BuildWatcher{
			Start: p.builderStarted, End: p.builderStopped,
			Log: func(drv, line string) { p.o.Events.SendLine(ctx, event.Line{Drv: drv, Text: line}) },
		})
		if err == nil && len(built.Failures) > 0 {
			err = fmt.Errorf("building it once more: %s", diagnose.Build(built.Failures[0]).Title)
		}
	})
	if err == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		b.How = p.how(b.Drv)
	}
	return err
}

// fail overrules a build that Nix reported as a success.
func (p *Pool) fail(b *build, title string) {
	b.overrule(result.Error, p.o.Causes.Once(title, func() *result.Cause {
		return &result.Cause{Kind: result.CauseInfra, Title: title, Message: title, Hint: "Nix reports success for a build it did not do: check which nix runs, and check its store with nix store verify"}
	}))
}

// overrule replaces the status of a build.
func (b *build) overrule(status result.Status, c *result.Cause) {
	b.Status, b.How, b.Phase.Status = status, "", status
	if c != nil {
		b.Causes, b.Phase.Message = []*result.Cause{c}, c.Title
	}
}
