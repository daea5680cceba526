package proc

import (
	"context"
	"sync"

	"github.com/flakeci/flakeci/internal/safely"
)

// killKey is the context key of WithKill.
type killKey struct{}

// WithKill returns a context whose processes are killed without further grace once kill is
// closed: a user who interrupts a second time does not want to wait. Closing kill has no effect
// until the context is done. Channels of outer contexts apply too.
func WithKill(ctx context.Context, kill <-chan struct{}) context.Context {
	return context.WithValue(ctx, killKey{}, killRequest{kill, ctx})
}

// killRequest is the channel of one WithKill, and the context with others.
type killRequest struct {
	kill  <-chan struct{}
	outer context.Context
}

// killChannel returns a channel that is closed once a channel of WithKill, or the channel over, is
// closed.
func killChannel(ctx context.Context, over <-chan struct{}) <-chan struct{} {
	any := make(chan struct{})
	var once sync.Once
	for {
		k, ok := ctx.Value(killKey{}).(killRequest)
		if !ok {
			return any
		}
		safely.Go(func() {
			select {
			case <-k.kill:
			case <-over:
			}
			once.Do(func() { close(any) })
		})
		ctx = k.outer
	}
}

// Killed returns a channel that is closed once the user has asked to kill what runs, or once over
// is closed.
func Killed(ctx context.Context, over <-chan struct{}) <-chan struct{} { return killChannel(ctx, over) }
