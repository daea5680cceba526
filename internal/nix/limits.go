package nix

import (
	"context"
	"fmt"
	"time"
)

// limits is how long calls that neither evaluate nor build may take. Only the caller limits
// evaluations and builds: a build may take a day.
type limits struct {
	// ask is for what Nix knows by itself: its version and settings. Nix answers within some 20
	// ms, but a program that is not Nix may never answer.
	ask time.Duration
	// store is for what the store knows. Another program may hold its lock, such as one
	// that collects garbage.
	store time.Duration
	// fetch is for what comes from servers, such as an input of a GiB, if the caller sets
	// no limit. ssh waits forever for a server that does not answer.
	fetch time.Duration
}

func usualLimits() limits {
	return limits{ask: time.Minute, store: 10 * time.Minute, fetch: 30 * time.Minute}
}

// fetching returns the limit of a call that fetches: none if the context has one.
func (l limits) fetching(ctx context.Context) time.Duration {
	if _, limited := ctx.Deadline(); limited {
		return 0
	}
	return l.fetch
}

// maxAnswer limits the output that is read from a call, in bytes. The longest known output, of
// `nix flake show` for a hundred thousand packages, is a tenth of that.
const maxAnswer = 128 << 20

// TimeoutError reports a call that took longer than it ever should.
type TimeoutError struct {
	Command string // such as "nix flake metadata"
	Limit   time.Duration

	err error
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("%s gave no answer within %s", e.Command, e.Limit)
}

// Unwrap returns the error of the process.
func (e *TimeoutError) Unwrap() error { return e.err }
