package proc

import (
	"context"
	"sync"

	"github.com/flakeci/flakeci/internal/safely"
)

// killKey is the context key of WithKill.
type killKey struct{}

// WithKill returns a context whose processes do not get what is left of their
// grace time once kill is closed: somebody who interrupts a second time does
// not want to wait. Closing it has no effect before the context is done.
// What was given for a context around this one holds too.
func WithKill(ctx context.Context, kill <-chan struct{}) context.Context {
	return context.WithValue(ctx, killKey{}, killRequest{kill, ctx})
}

// killRequest is what one WithKill gave, and where to find others.
type killRequest struct {
	kill  <-chan struct{}
	outer context.Context
}

// killChannel returns a channel that is closed once one of those given to WithKill is,
// or when it is over.
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
