package main

import (
	"context"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/terminal"
	"github.com/flakeci/flakeci/reports/progress/live"
	"github.com/flakeci/flakeci/reports/progress/plain"
	"github.com/flakeci/flakeci/reports/progress/views"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/buildpool"
)

func checkProgress(how string) error {
	return checkOneOf("progress", how, "auto", "live", "plain", "quiet")
}

// show starts the view of the run.
func (j *job) show(ctx context.Context, machine nix.Machine) views.View {
	a := j.app
	return views.Start(views.Options{
		How: j.opts.progress, Color: j.opts.color, In: a.Stdin, Out: a.Stderr, Env: a.env, Messages: a.messages(), Matrix: j.matrix,
		Live: func() live.Options {
			f := j.target.Flake
			return live.Options{
				Env: a.Env, Flake: result.Flake{Ref: a.secrets.Text(f.Ref), Rev: f.Rev, Dirty: f.Dirty}, Nix: j.client.Version.String(),
				Started: j.started, EvalJobs: j.opts.evalJobs, BuildJobs: buildpool.Jobs(int(j.opts.jobs), machine), EvalOnly: j.opts.evalOnly,
				Estimate: j.history.Estimate(ctx), Stopping: func() bool { return ctx.Err() != nil },
			}
		},
	})
}

// whileInspecting prints a heartbeat while flakeci inspects the flake.
func (j *job) whileInspecting() (stop func()) {
	if j.opts.progress == "quiet" {
		return func() {}
	}
	return plain.WhileInspecting(j.app.printf, terminal.StyleOf(j.app.Stderr, j.opts.color, j.app.env).Width > 0)
}
