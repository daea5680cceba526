package main

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/reports/progress/live"
	"github.com/flakeci/flakeci/reports/progress/plain"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
)

// progress shows how a run goes.
type progress interface {
	Subscriber() event.Subscriber
	Hush() // says nothing more by itself: the terminal is somebody else's
	Stop() // the report follows
}

// newProgress is what the user asked for, or the best that the terminal can.
func newProgress(ctx context.Context, j *job) progress {
	switch how := j.opts.progress; {
	case how == "quiet":
		return silent{}
	case how == "live" || how == "auto" && j.app.env("CI") == "":
		if t, ok := j.app.terminal(); ok {
			return newLive(ctx, j, t)
		}
	}
	s := j.app.style(j.opts.color, j.app.Stderr)
	return plain.Start(plain.Options{
		Write: j.app.write, Color: s.color, Fold: j.app.env("GITHUB_ACTIONS") == "true", Terminal: s.width > 0, Matrix: j.matrix,
	})
}

func checkProgress(how string) error {
	if !slices.Contains([]string{"auto", "live", "plain", "quiet"}, how) {
		return &usageError{msg: "--progress takes auto, live, plain or quiet"}
	}
	return nil
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

func newLive(ctx context.Context, j *job, t terminal) liveView {
	j.app.hold(true) // the view would be written over
	f := j.target.Flake
	return liveView{app: j.app, View: live.Start(live.Options{
		In: t.in, Out: t.out, Keep: t.keep, Env: j.app.Env, Color: j.app.style(j.opts.color, t.out).color,
		Flake: result.Flake{Ref: j.app.secrets.Text(f.Ref), Rev: f.Rev, Dirty: f.Dirty}, Nix: j.client.Version.String(),
		Matrix: j.matrix, Started: j.started,
		EvalJobs: j.opts.evalJobs, BuildJobs: cmp.Or(int(j.opts.jobs), runtime.NumCPU()), EvalOnly: j.opts.evalOnly, Estimate: j.memoir.estimate(ctx),
		// The terminal does not make a signal of Ctrl-C now, so that is made here.
		Interrupt: func() { _ = syscall.Kill(syscall.Getpid(), syscall.SIGINT) },
		Stopping:  func() bool { return ctx.Err() != nil },
	}, func(err error) {
		j.app.hold(false)
		j.app.say("warning: the live view is gone: %v", err)
	})}
}

// Hush does nothing: where the terminal is handed on, there is no live view.
func (liveView) Hush() {}

// Stop takes the view away and says what was said meanwhile.
func (v liveView) Stop() {
	v.View.Stop()
	v.app.hold(false)
}

// whileLooking says now and then that flakeci looks into the flake, which fetches its
// inputs and can take minutes: there are no cells yet that could show it.
func (j *job) whileLooking() (stop func()) {
	if j.opts.progress == "quiet" {
		return func() {}
	}
	after := plain.FirstInterval(j.app.style(j.opts.color, j.app.Stderr).width > 0)
	ended := make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(safely.Func(func() {
		for {
			select {
			case <-ended:
				return
			case now := <-time.After(after):
				j.app.say("looking into the flake and its inputs for %s", now.Sub(j.started).Round(time.Second))
				after = plain.Interval
			}
		}
	}))
	return sync.OnceFunc(func() {
		close(ended)
		beating.Wait()
	})
}
