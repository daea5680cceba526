package main

import (
	"context"
	"sync"
	"syscall"
	"time"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/reports/progress/live"
	"github.com/flakeci/flakeci/reports/progress/plain"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/buildpool"
	"github.com/flakeci/flakeci/runner/event"
)

// progress shows the progress of a run.
type progress interface {
	Subscriber() event.Subscriber
	Hush() // stops heartbeats: a guest has the terminal
	Stop() // the report follows
}

// newProgress starts the progress that --progress asks for, by default the best that the
// terminal can show.
func newProgress(ctx context.Context, j *job, machine nix.Machine) progress {
	switch how := j.opts.progress; {
	case how == "quiet":
		return silent{}
	case how == "live" || how == "auto" && j.app.env("CI") == "":
		if t, ok := j.app.terminal(); ok {
			return newLive(ctx, j, machine, t)
		}
	}
	s := j.app.style(j.opts.color, j.app.Stderr)
	return plain.Start(plain.Options{
		Write: j.app.printRaw, Color: s.color, Fold: j.app.env("GITHUB_ACTIONS") == "true", Terminal: s.width > 0, Matrix: j.matrix,
	})
}

func checkProgress(how string) error {
	return checkOneOf("progress", how, "auto", "live", "plain", "quiet")
}

// silent shows nothing.
type silent struct{}

func (silent) Subscriber() event.Subscriber { return event.Subscriber{Handle: func(event.Event) {}} }
func (silent) Hush()                        {}
func (silent) Stop()                        {}

// liveView is a live view that has the terminal to itself.
type liveView struct {
	*live.View
	app *App
}

func newLive(ctx context.Context, j *job, machine nix.Machine, t terminal) liveView {
	j.app.hold(true) // messages would overwrite the view
	f := j.target.Flake
	return liveView{app: j.app, View: live.Start(live.Options{
		In: t.in, Out: t.out, Keep: t.keep, Env: j.app.Env, Color: j.app.style(j.opts.color, t.out).color,
		Flake: result.Flake{Ref: j.app.secrets.Text(f.Ref), Rev: f.Rev, Dirty: f.Dirty}, Nix: j.client.Version.String(),
		Matrix: j.matrix, Started: j.started,
		EvalJobs: j.opts.evalJobs, BuildJobs: buildpool.Jobs(int(j.opts.jobs), machine), EvalOnly: j.opts.evalOnly, Estimate: j.history.Estimate(ctx),
		// In raw mode the terminal does not turn Ctrl-C into a signal.
		Interrupt: func() { _ = syscall.Kill(syscall.Getpid(), syscall.SIGINT) },
		Stopping:  func() bool { return ctx.Err() != nil },
	}, func(err error) {
		j.app.hold(false)
		j.app.warnf("the live view failed: %v", err)
	})}
}

// Hush does nothing: no live view is shown while a guest has the terminal.
func (liveView) Hush() {}

// Stop ends the view and prints the messages that were held back.
func (v liveView) Stop() {
	v.View.Stop()
	v.app.hold(false)
}

// whileInspecting prints a heartbeat while flakeci inspects the flake, which fetches its
// inputs and can take minutes: there are no cells yet to show.
func (j *job) whileInspecting() (stop func()) {
	if j.opts.progress == "quiet" {
		return func() {}
	}
	after := plain.FirstInterval(j.app.style(j.opts.color, j.app.Stderr).width > 0)
	ended := make(chan struct{})
	var heartbeat sync.WaitGroup
	heartbeat.Go(safely.Func(func() {
		for {
			select {
			case <-ended:
				return
			case now := <-time.After(after):
				j.app.printf("still inspecting the flake and its inputs after %s", now.Sub(j.started).Round(time.Second))
				after = plain.Interval
			}
		}
	}))
	return sync.OnceFunc(func() {
		close(ended)
		heartbeat.Wait()
	})
}
