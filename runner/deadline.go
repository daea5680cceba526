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
		Kind: result.CauseTimeout, Key: result.NewCauseKey(result.CauseTimeout, "deadline"), Title: e.Error(),
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

// Overdue returns the deadline that ended a context, or nil if something else ended it or it has
// not ended.
func Overdue(ctx context.Context) *DeadlineError {
	var over *DeadlineError
	if ctx == nil || !errors.As(context.Cause(ctx), &over) {
		return nil
	}
	return over
}

// Interrupted reports whether the context of a run has ended for another reason than the deadline.
func Interrupted(ctx context.Context) bool { return ctx.Err() != nil && Overdue(ctx) == nil }

// deadlineCause returns the cause of what the deadline canceled, or nil for any other status.
func (r *run) deadlineCause(s result.Status) *result.Cause {
	over := Overdue(r.caller)
	if s != result.Canceled || over == nil {
		return nil
	}
	return r.causes.Once(over.Error(), over.Cause)
}

// applyDeadlineToPhase turns a phase that the deadline canceled into one that timed out.
func (r *run) applyDeadlineToPhase(p outcome.Phase) outcome.Phase {
	cause := r.deadlineCause(p.Status)
	if cause == nil {
		return p
	}
	p.Status, p.Message = result.TimedOut, cause.Title
	p.Causes = append(slices.Clip(p.Causes), cause)
	return p
}

// applyDeadline turns a cell that the deadline canceled into one that timed out.
func (r *run) applyDeadline(res outcome.Result) outcome.Result {
	cause := r.deadlineCause(res.Status)
	if cause == nil {
		return res
	}
	res.Status = result.TimedOut
	res.Phases = slices.Clone(res.Phases)
	for i, p := range res.Phases {
		if p.Status == result.Canceled {
			res.Phases[i].Status, res.Phases[i].Message = result.TimedOut, cause.Title
		}
	}
	if !slices.Contains(res.Causes, cause) {
		res.Causes = append(slices.Clip(res.Causes), cause)
	}
	return res
}
