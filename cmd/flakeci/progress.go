package main

import (
	"context"
	"slices"

	"github.com/flakeci/flakeci/runner/event"
)

// progress shows how a run goes.
type progress interface {
	subscriber() event.Subscriber
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

// silent shows nothing.
type silent struct{}

func (silent) subscriber() event.Subscriber { return event.Subscriber{Handle: func(event.Event) {}} }
func (silent) hush()                        {}
func (silent) stop()                        {}
