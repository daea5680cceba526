package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/diagnose"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/evalpool"
)

// causes holds one Cause for each root.
type causes struct {
	mu    sync.Mutex
	byKey map[string]func() *result.Cause
}

// once returns the cause that the key has, and builds it first if need be. That may take
// long: callers with the same key wait for it.
func (cs *causes) once(key string, build func() *result.Cause) *result.Cause {
	cs.mu.Lock()
	made, ok := cs.byKey[key]
	if !ok {
		if cs.byKey == nil {
			cs.byKey = map[string]func() *result.Cause{}
		}
		made = sync.OnceValue(build)
		cs.byKey[key] = made
	}
	cs.mu.Unlock()
	return made()
}

// ofEval makes the cause of a cell, or of a whole flake, that did not evaluate.
func (cs *causes) ofEval(err error) *result.Cause {
	c := diagnose.Eval(err)
	key := diagnose.EvalKey(c)
	if errors.As(err, new(*evalpool.MemoryError)) {
		key = string(c.Kind) + "\x00" + c.Hint // the message has the peak, which differs each time
	}
	return cs.once(key, func() *result.Cause { return c })
}

// ofBuild makes the cause of a failed build.
func (cs *causes) ofBuild(f nixlog.BuildFailure, keepLog func() string) *result.Cause {
	return cs.once(diagnose.BuildKey(f), func() *result.Cause { return withLog(diagnose.Build(f), f, keepLog) })
}

// withLog adds the log of the builder that failed, if there is one.
func withLog(c *result.Cause, f nixlog.BuildFailure, keepLog func() string) *result.Cause {
	if diagnose.HasLog(f) {
		c.Log = keepLog()
	}
	return c
}

// ofLost makes the cause of a build whose dry run failed.
func (cs *causes) ofLost(err error) *result.Cause {
	var slow *SlowError
	if errors.As(err, &slow) {
		return cs.once(slow.Error(), slow.Cause)
	}
	return cs.ofBuild(buildFault(err), nil)
}

// buildFault describes an error of a build that no derivation is to blame for.
func buildFault(err error) nixlog.BuildFailure {
	return nixlog.BuildFailure{Kind: result.CauseInfra, Message: err.Error()}
}

// evalCause makes the cause of a cell that did not evaluate. If a derivation that the
// flake imports from failed to build, the cause is that of any other build, with the place
// that imports it.
func (r *run) evalCause(ctx context.Context, err error) *result.Cause {
	var e *nixlog.EvalError
	if !errors.As(err, &e) || e.Build == nil {
		return r.causes.ofEval(err)
	}
	f := *e.Build
	return r.causes.once(diagnose.BuildKey(f), func() *result.Cause {
		return withLog(diagnose.Eval(err), f, func() string { return r.keepLog(ctx, f) })
	})
}

// SlowError reports that something took longer than it may.
type SlowError struct {
	What  string
	Limit time.Duration
}

func (e *SlowError) Error() string { return fmt.Sprintf("%s took longer than %s", e.What, e.Limit) }

// Cause returns the cause of everything that the limit stopped.
func (e *SlowError) Cause() *result.Cause {
	return &result.Cause{Kind: result.CauseTimeout, Title: e.Error(), Hint: "give it more with --timeout"}
}

// timeoutCause belongs to one cell: another may be slow for another reason.
func timeoutCause(cell string, phase result.PhaseKind, limit time.Duration) *result.Cause {
	return (&SlowError{What: string(phase) + " of " + cell, Limit: limit}).Cause()
}
