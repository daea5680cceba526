package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/diagnose"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/runner/cause"
	"github.com/flakeci/flakeci/runner/retry"
)

// findNix finds the Nix to run, and learns the credentials in its settings.
func (a *App) findNix(ctx context.Context, o nix.Options) (*nix.Client, error) {
	o.Redact = func(line []byte) []byte {
		if bytes.HasPrefix(line, []byte("@")) { // a log record in JSON
			return a.secrets.JSON(line)
		}
		return []byte(a.secrets.Text(string(line)))
	}
	client, err := nix.Find(ctx, o)
	if err == nil {
		a.secrets.AddFrom(client.Credentials())
	}
	return client, err
}

// openFlake opens a flake, and retries if something could not be fetched.
func (a *App) openFlake(ctx context.Context, c *nix.Client, ref string, n nixFlags, retries int, tmp string) (target *nix.Target, err error) {
	err = retry.Do(ctx, retries, func() (err error) {
		target, err = c.Open(ctx, ref, n.flake(), tmp)
		return err
	}, a.printRetry)
	if err == nil && target.Damage() != nil {
		a.warnf("ignoring the evaluation cache: %v", target.Damage())
	}
	return target, err
}

// printRetry says why flakeci inspects the flake again.
func (a *App) printRetry(err error) { a.printf("%s; retrying", diagnose.Eval(err).Title) }

// saveEvaluations saves the evaluation caches for the next run. Nothing waits long for it,
// least of all after an interruption: the daemon may no longer answer.
func (a *App) saveEvaluations(ctx context.Context, timeout time.Duration, targets ...*nix.Target) {
	limit := limited(time.Minute, timeout)
	saving := ctx
	if ctx.Err() != nil {
		limit, saving = 3*time.Second, context.WithoutCancel(ctx)
	}
	saving, cancel := context.WithTimeout(saving, limit)
	defer cancel()
	var err error
	for _, t := range targets {
		err = errors.Join(err, t.Save(saving))
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = &cause.SlowError{What: "checking whether the flake has changed", Limit: limit}
	}
	if err != nil && ctx.Err() == nil {
		a.warnf("cannot save the evaluation cache: %v", err)
	}
}

// warnOverrides warns of overrides for inputs that the flake does not have. Nix allows
// them: the same list may serve many flakes.
func (a *App) warnOverrides(f nix.Flake) {
	for _, u := range f.Unknown {
		a.warnf("the flake has no input %s to override; known inputs: %s", u.Name, cmp.Or(strings.Join(u.Known, ", "), "none"))
	}
}
