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
func (l *lane) watch(push func(ctx context.Context, alive func()) error) error {
	ctx, cancel := context.WithCancelCause(l.ctx)
	defer cancel(nil)
	if l.o.Timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, l.o.Timeout, &proc.LimitError{Limit: l.o.Timeout})
		defer stop()
	}
	idle := time.AfterFunc(l.o.Idle, safely.Func(func() { cancel(&idleError{l.o.Idle}) }))
	defer idle.Stop()
	err := push(ctx, func() { idle.Reset(l.o.Idle) })
	if err != nil && ctx.Err() != nil && l.ctx.Err() == nil {
		return context.Cause(ctx) // what the process says is not why it ended
	}
	return err
}
