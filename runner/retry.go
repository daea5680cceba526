package runner

import (
	"context"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
)

// pause waits before something is tried another time, longer each time. It says
// whether that is to be: nobody interrupted, and it was not tried too often. Tried is
// how often it was, retries how often more it may be than once.
func pause(ctx context.Context, tried, retries int) bool {
	if tried > retries || ctx.Err() != nil {
		return false
	}
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = time.Second, 30*time.Second
	var wait time.Duration
	for range tried {
		wait = b.NextBackOff()
	}
	select {
	case <-time.After(wait):
		return true
	case <-ctx.Done():
		return false
	}
}

// transient says whether a build failed for nothing but what may be gone the next
// time.
func transient(built nix.BuildResult) bool {
	return len(built.Failures) > 0 && !slices.ContainsFunc(built.Failures, func(f nixlog.BuildFailure) bool { return !f.Transient() })
}

// Retry does something again as long as it fails for what may be gone the next time,
// and at most so often more. It calls again with the error before each time.
func Retry(ctx context.Context, retries int, do func() error, again func(error)) error {
	for tried := 1; ; tried++ {
		err := do()
		if err == nil || !nix.Transient(err) || tried > retries {
			return err
		}
		again(err)
		if !pause(ctx, tried, retries) {
			return err
		}
	}
}
