package main

import (
	"cmp"
	"context"
	"runtime"
	"syscall"

	"github.com/flakeci/flakeci/reports/live"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
)

// liveProgress is a live view on the terminal.
type liveProgress struct {
	app  *App
	view *live.View
}

func newLive(ctx context.Context, j *job, t terminal) *liveProgress {
	j.app.hold(true) // the view would be written over
	f := j.target.Flake
	view := live.Start(live.Options{
		In: t.in, Out: t.out, Keep: t.keep, Env: j.app.Env, Color: j.app.style(j.opts.color, t.out).color,
		Flake: result.Flake{Ref: j.app.secrets.Text(f.Ref), Rev: f.Rev, Dirty: f.Dirty}, Nix: j.client.Version.String(),
		Matrix: j.matrix, Started: j.started,
		EvalJobs: j.opts.evalJobs, BuildJobs: cmp.Or(int(j.opts.jobs), runtime.NumCPU()), EvalOnly: j.opts.evalOnly, Estimate: j.history.estimate(ctx),
		// The terminal does not make a signal of Ctrl-C now, so that is made here.
		Interrupt: func() { _ = syscall.Kill(syscall.Getpid(), syscall.SIGINT) },
		Stopping:  func() bool { return ctx.Err() != nil },
	}, func(err error) {
		j.app.hold(false)
		j.app.warnf("the live view is gone: %v", err)
	})
	return &liveProgress{j.app, view}
}

func (p *liveProgress) watcher() runner.Watcher { return p.view.Watcher() }

// hush does nothing: where the terminal is handed on, there is no live view.
func (p *liveProgress) hush() {}

func (p *liveProgress) stop() {
	p.view.Stop()
	p.app.hold(false)
}
