package push

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/safely"
)

// idleError ends a process that says nothing for too long.
type idleError struct{ limit time.Duration }

func (e *idleError) Error() string { return fmt.Sprintf("nothing happened for %s", e.limit) }

// hung reports whether a push was ended because it took too long.
func hung(err error) bool {
	var idle *idleError
	var limit *proc.LimitError
	return errors.As(err, &idle) || errors.As(err, &limit)
}

// watch calls a function with a context that ends at the limits of the options.
func (w *worker) watch(push func(ctx context.Context, alive func()) error) error {
	ctx, cancel := context.WithCancelCause(w.ctx)
	defer cancel(nil)
	if w.o.Timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, w.o.Timeout, &proc.LimitError{Limit: w.o.Timeout})
		defer stop()
	}
	idle := time.AfterFunc(w.o.Idle, safely.Func(func() { cancel(&idleError{w.o.Idle}) }))
	defer idle.Stop()
	err := push(ctx, func() { idle.Reset(w.o.Idle) })
	if err != nil && ctx.Err() != nil && w.ctx.Err() == nil {
		return context.Cause(ctx) // what the process says is not why it ended
	}
	return err
}
