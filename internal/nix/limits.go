package nix

import (
	"context"
	"fmt"
	"time"
)

// limits say how long a call may take that neither evaluates nor builds. Those that do
// are limited by the caller alone, for a build may take a day.
type limits struct {
	// ask is for what Nix knows by itself: its version and settings. That takes some
	// 20 ms; a program that is no Nix may wait for ever.
	ask time.Duration
	// store is for what the store knows, whose lock another program may hold, such as
	// one that collects garbage.
	store time.Duration
	// fetch is for what comes from servers, such as an input of a GiB, where the caller
	// sets no limit. ssh waits for ever for a server that does not answer.
	fetch time.Duration
}

func usualLimits() limits {
	return limits{ask: time.Minute, store: 10 * time.Minute, fetch: 30 * time.Minute}
}

// fetching is the limit of a call that fetches: none if the context has one.
func (l limits) fetching(ctx context.Context) time.Duration {
	if _, limited := ctx.Deadline(); limited {
		return 0
	}
	return l.fetch
}

// maxAnswer is the most that is taken from a call, in bytes. The longest that is known,
// what a flake of a hundred thousand packages shows, has a tenth of that.
const maxAnswer = 128 << 20

// TimeoutError says that Nix took longer for something than it ever should.
type TimeoutError struct {
	Command string // such as "nix flake metadata"
	Limit   time.Duration

	err error
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("%s gave no answer within %s", e.Command, e.Limit)
}

// Unwrap gives the error of the process.
func (e *TimeoutError) Unwrap() error { return e.err }
