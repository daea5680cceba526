package main

import (
	"context"
	"slices"

	"github.com/flakeci/flakeci/runner"
)

// progress is told of a run and tells how it goes.
type progress interface {
	watcher() runner.Watcher
	hush() // says nothing more by itself: the terminal is somebody else's
	stop() // the report follows
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
	return newBlocks(j)
}

func checkProgress(how string) error {
	if !slices.Contains([]string{"auto", "live", "plain", "quiet"}, how) {
		return &usageError{msg: "--progress takes auto, live, plain or quiet"}
	}
	return nil
}

// silent tells nothing.
type silent struct{}

func (silent) watcher() runner.Watcher { return runner.Watcher{} }
func (silent) hush()                   {}
func (silent) stop()                   {}
