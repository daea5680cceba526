// Package cause holds one [result.Cause] for everything in a run that fails for the same
// reason.
package cause

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/diagnose"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
)

// Registry holds the causes of a run. The zero value is empty and keeps no logs.
type Registry struct {
	// KeepLog saves the log of a derivation that failed. It returns the path, or "" if there
	// is no log. Nil saves none.
	KeepLog func(context.Context, nixlog.BuildFailure) string

	mu    sync.Mutex
	byKey map[string]func() *result.Cause
}

// Once returns the cause with this key and makes it first if it is new. Making it may take
// long: callers with the same key wait, others do not.
func (r *Registry) Once(key string, build func() *result.Cause) *result.Cause {
	r.mu.Lock()
	made, ok := r.byKey[key]
	if !ok {
		if r.byKey == nil {
			r.byKey = map[string]func() *result.Cause{}
		}
		made = sync.OnceValue(func() *result.Cause {
			c := build()
			c.Key = c.StableKey()
			return c
		})
		r.byKey[key] = made
	}
	r.mu.Unlock()
	return made()
}

// OfEval returns the causes of a failed evaluation: one, or one for each failed assertion of a
// host. If a derivation that the flake imports from failed to build, the cause is the same one as
// for builds that need it, with the place of the import. What names the output or host that was
// evaluated: if the evaluator crashed, the cause belongs to that alone.
func (r *Registry) OfEval(ctx context.Context, what string, err error) []*result.Cause {
	var causes []*result.Cause
	var e *nixlog.EvalError
	for _, c := range diagnose.EvalCauses(err) {
		if c.Kind == result.CauseEval && diagnose.Crashed(err) {
			c.Key = result.NewCauseKey(c.Kind, c.Message, what)
		}
		if errors.As(err, &e) && e.Build != nil {
			causes = append(causes, r.withLog(ctx, c, *e.Build))
			continue
		}
		causes = append(causes, r.Once(cmp.Or(c.Key, diagnose.EvalKey(c)), func() *result.Cause { return c }))
	}
	return causes
}

// OfBuild returns the cause of a failed build.
func (r *Registry) OfBuild(ctx context.Context, f nixlog.BuildFailure) *result.Cause {
	return r.withLog(ctx, diagnose.Build(f), f)
}

// withLog returns the cause of a failed build, which is c with the builder's log if it is new.
func (r *Registry) withLog(ctx context.Context, c *result.Cause, f nixlog.BuildFailure) *result.Cause {
	return r.Once(diagnose.BuildKey(f), func() *result.Cause {
		if r.KeepLog != nil && diagnose.HasLog(f) {
			c.Log = r.KeepLog(ctx, f)
		}
		return c
	})
}

// OfBuildError returns the cause of an error of nix build that names no derivation, such as
// a failed dry run.
func (r *Registry) OfBuildError(ctx context.Context, err error) *result.Cause {
	var slow *SlowError
	if errors.As(err, &slow) {
		return r.Once(slow.Error(), slow.Cause)
	}
	return r.OfBuild(ctx, nixlog.BuildFailure{Kind: result.CauseInfra, Message: err.Error()})
}

// CellStatus returns the status of a cell with this derivation and these causes: its own failure
// counts before that of a dependency, and both before what the machine could not do.
func CellStatus(drv string, causes []*result.Cause) result.Status {
	worst := result.Error
	for _, c := range causes {
		s := c.Kind.Status()
		switch {
		case c.DrvPath == drv && s != result.Error:
			return s
		case s == result.TimedOut && worst == result.Error:
			worst = result.TimedOut
		case s == result.Failed:
			worst = result.DependencyFailed
		}
	}
	return worst
}

// SlowError reports that something took longer than it may.
type SlowError struct {
	What  string
	Limit time.Duration
}

func (e *SlowError) Error() string { return fmt.Sprintf("%s took longer than %s", e.What, e.Limit) }

// Cause returns the cause of everything that the limit stopped.
func (e *SlowError) Cause() *result.Cause {
	return &result.Cause{
		Kind: result.CauseTimeout, Key: result.NewCauseKey(result.CauseTimeout, e.What), // whatever the limit was
		Title: e.Error(), Hint: "give it more time with --timeout",
	}
}

// Timeout returns the cause of a phase that took too long. It belongs to one cell: another
// may be slow for another reason.
func Timeout(cell string, phase result.PhaseKind, limit time.Duration) *result.Cause {
	return (&SlowError{What: string(phase) + " of " + cell, Limit: limit}).Cause()
}
