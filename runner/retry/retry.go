// Package retry repeats what failed for a transient fault.
package retry

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/flakeci/flakeci/internal/nix"
)

// Pause waits before another attempt, longer each time. It returns false if the context ended.
func Pause(ctx context.Context, attempts int) bool {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = time.Second, 30*time.Second
	var wait time.Duration
	for range attempts {
		wait = b.NextBackOff()
	}
	select {
	case <-time.After(wait):
		return true
	case <-ctx.Done():
		return false
	}
}

// Do calls a function until it succeeds, fails for good, or the retries are used up. Before
// each retry it passes the error to again.
func Do(ctx context.Context, retries int, do func() error, again func(error)) error {
	for attempts := 1; ; attempts++ {
		err := do()
		if err == nil || !nix.Transient(err) || attempts > retries {
			return err
		}
		again(err)
		if !Pause(ctx, attempts) {
			return err
		}
	}
}
