package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/outcome"
)

// DeadlineError is the cause of a context that ended at the run's deadline. Cells that were not
// done by then have timed out: nobody canceled them.
type DeadlineError struct {
	Limit time.Duration
}

func (e *DeadlineError) Error() string {
	return fmt.Sprintf("the run's deadline of %s has passed", e.Limit)
}

// Cause returns the cause of everything that the deadline stopped.
func (e *DeadlineError) Cause() *result.Cause {
	return &result.Cause{
		Kind: result.CauseTimeout, Title: e.Error(),
		Hint: "give it more time with --deadline, or continue with flakeci run --resume",
	}
}

// WithDeadline returns a context that ends when the limit has passed since the run began; 0
// means no limit. Its error is not [context.DeadlineExceeded], which stands for the limit of a
// single step.
func WithDeadline(ctx context.Context, began time.Time, limit time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := func() { cancel(nil) }
	if limit == 0 {
		return ctx, stop
	}
	timer := time.AfterFunc(limit-time.Since(began), safely.Func(func() { cancel(&DeadlineError{limit}) }))
	return ctx, func() {
		timer.Stop()
		stop()
	}
}

// Overdue returns the deadline that ended a context; nil if something else did or nothing has.
func Overdue(ctx context.Context) *DeadlineError {
	var over *DeadlineError
	if ctx == nil || !errors.As(context.Cause(ctx), &over) {
		return nil
	}
	return over
}

// applyDeadlineToPhase turns a phase that the deadline canceled into one that timed out.
func (r *run) applyDeadlineToPhase(p outcome.Phase) outcome.Phase {
	if p.Status != result.Canceled {
		return p
	}
	over := Overdue(r.caller)
	if over == nil {
		return p
	}
	cause := r.causes.Once(over.Error(), over.Cause)
	p.Status, p.Message = result.TimedOut, cause.Title
	p.Causes = append(slices.Clip(p.Causes), cause)
	return p
}

// applyDeadline turns a cell that the deadline canceled into one that timed out.
func (r *run) applyDeadline(res outcome.Result) outcome.Result {
	if res.Status != result.Canceled {
		return res
	}
	over := Overdue(r.caller)
	if over == nil {
		return res
	}
	res.Status = result.TimedOut
	res.Phases = slices.Clone(res.Phases)
	for i, p := range res.Phases {
		if p.Status == result.Canceled {
			res.Phases[i].Status, res.Phases[i].Message = result.TimedOut, over.Error()
		}
	}
	if cause := r.causes.Once(over.Error(), over.Cause); !slices.Contains(res.Causes, cause) {
		res.Causes = append(slices.Clip(res.Causes), cause)
	}
	return res
}
