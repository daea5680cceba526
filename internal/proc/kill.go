package proc

import "context"

// killKey is the context key of WithKill.
type killKey struct{}

// WithKill returns a context whose processes do not get what is left of their
// grace time once kill is closed: somebody who interrupts a second time does
// not want to wait. Closing it has no effect before the context is done.
func WithKill(ctx context.Context, kill <-chan struct{}) context.Context {
	return context.WithValue(ctx, killKey{}, kill)
}

// killed returns the channel of WithKill, or nil, which is never ready.
func killed(ctx context.Context) <-chan struct{} {
	kill, _ := ctx.Value(killKey{}).(<-chan struct{})
	return kill
}
