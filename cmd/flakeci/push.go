package main

import (
	"context"
	"errors"
	"slices"

	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/internal/secretenv"
	"github.com/flakeci/flakeci/reports/github"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/push"
)

// parsePushes reads the targets of --push, each once.
func parsePushes(texts []string, evalOnly bool) ([]push.Target, error) {
	targets, err := push.ParseAll(texts)
	var bad *push.TargetError
	if errors.As(err, &bad) {
		return nil, &usageError{flag: "push", msg: "--push " + config.Quoted(bad.Text) + ": " + bad.Reason, hint: bad.Hint}
	}
	if len(targets) > 0 && evalOnly {
		return nil, &usageError{flag: "push", msg: "--push has nothing to push with --eval-only", hint: "leave one of them out"}
	}
	return targets, nil
}

// reserve keeps the credentials of targets from everything but the pushes to them.
func (a *App) reserve(targets []push.Target) {
	for _, t := range targets {
		if owner := t.Owner(); owner != "" {
			a.owners = append(a.owners, owner)
		}
	}
	if len(a.owners) > 0 {
		secretenv.Hide(a.Env, a.owners...)
	}
}

// publicEnv returns the environment for everything that flakeci runs, without credentials.
func (a *App) publicEnv() []string { return secretenv.Without(a.Env, a.owners...) }

// startPushing returns what pushes to the targets of --push, nil if nothing is to be pushed. Call
// stop in the end.
func (j *job) startPushing(ctx context.Context, tmp string) (p *push.Pusher, stop func()) {
	if len(j.opts.targets) == 0 {
		return nil, func() {}
	}
	if why := j.app.fromFork(); why != "" {
		for _, t := range j.opts.targets {
			j.app.printf("not pushing to %s: %s", t.Name, why)
			j.pushed.Pushes = append(j.pushed.Pushes, result.Push{To: t.Name, Status: result.PushSkipped, Message: why})
		}
		return nil, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	p = push.New(ctx, j.opts.targets, push.Options{
		Client: j.client, Store: j.opts.nix.store, Env: j.app.Env, Tmp: tmp, Retries: j.opts.retries, Timeout: j.opts.timeout,
		Refuse: func(file string) bool { return safefile.Leads(file, j.target.Flake.Checkout) },
		Redact: j.app.secrets.Text, Printf: j.app.printf,
		Ended: func() string {
			if over := runner.Overdue(ctx); over != nil {
				return over.Error()
			}
			return "the run was interrupted"
		},
	})
	return p, func() {
		cancel()
		p.Wait()
	}
}

// fromFork says why nothing may be pushed, as far as the CI says whose code it runs.
func (a *App) fromFork() string {
	if source, target := a.env("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"), a.env("CI_MERGE_REQUEST_PROJECT_ID"); source != target {
		return "this is a merge request of a fork" // GitLab's
	}
	return github.FromFork(a.env, readEvent)
}

// finishPushing waits for what is still being pushed.
func (j *job) finishPushing(ctx context.Context, p *push.Pusher) {
	j.pushed = p.Wait()
	// Otherwise the interruption came when everything was pushed.
	skipped := func(p result.Push) bool { return p.Status == result.PushSkipped }
	if runner.Interrupted(ctx) && slices.ContainsFunc(j.pushed.Pushes, skipped) {
		j.outcome.Interrupted = true
	}
}
