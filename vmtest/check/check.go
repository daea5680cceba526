// Package check holds the checks of [[vm.check]] in flakeci.toml.
package check

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flakeci/flakeci/vmtest/guestagent"
)

// Check is a condition that a booted host must meet.
type Check struct {
	// Name is the owner's name for the check; if empty, the subject's is used.
	Name string
	// Timeout limits how long a command runs, or how long anything else may take to become
	// true; 0 stands for the defaults below.
	Timeout time.Duration
	// Subject is what is checked.
	Subject Subject
}

// The default timeouts of a check.
const (
	defaultCommandTimeout = 30 * time.Second // for a command or an account
	defaultRetryTimeout   = 10 * time.Second // for what may become true some time after the boot
)

// Subject is a kind of check: [Unit], [Command], [Port], [File],
// [Account] or [URL].
type Subject interface {
	// label names what is checked, in one line.
	label() string
	// expected describes what must be seen.
	expected() string
	// retries reports whether to repeat a failed check, as it may still become true.
	retries() bool
	// observe checks once, for at most limit.
	observe(ctx context.Context, g Guest, limit time.Duration) (observation, error)
}

// Guest is a booted host that checks can run programs in.
type Guest interface {
	// Exec runs a program in the guest as root and waits for it. A program that fails is a
	// result; an error means that the guest could not be asked.
	Exec(ctx context.Context, c guestagent.Command) (guestagent.Result, error)
}

// Result holds what was expected and what was seen. The latter comes from the guest,
// so clean it before showing it.
type Result struct {
	Name     string
	Passed   bool
	Err      error    // the guest could not be asked
	TimedOut bool     // there was no answer in time (a wrong answer is a plain failure)
	Expected string   // "sshd.service active"
	Seen     string   // "failed (exit-code 255)"
	Detail   []string // of a failed check: the end of the output or of the unit's journal
	Started  time.Time
	Duration time.Duration
}

// observation is what the guest showed at one moment.
type observation struct {
	ok       bool
	seen     string
	detail   []string
	timedOut bool
}

// Label returns the owner's name, or else the subject's.
func (c Check) Label() string {
	if c.Name != "" {
		return c.Name
	}
	return c.Subject.label()
}

// Run checks the guest. It repeats a failed check until the timeout; a command runs once.
func (c Check) Run(ctx context.Context, g Guest) Result {
	r := Result{Name: c.Label(), Expected: c.Subject.expected(), Started: time.Now()}
	a, err := c.observe(ctx, g)
	r.Duration = time.Since(r.Started)
	r.Seen, r.Err = a.seen, err
	if err != nil {
		return r
	}
	r.Passed, r.TimedOut = a.ok, a.timedOut
	if !a.ok {
		r.Detail = a.detail
	}
	return r
}

// The time between two attempts doubles from minPause to maxPause.
const (
	minPause = 250 * time.Millisecond
	maxPause = time.Second
)

// observe repeats the check until it holds or the time is over. It does not cut short an
// attempt that began in time, for the sake of slow guests.
func (c Check) observe(ctx context.Context, g Guest) (last observation, err error) {
	limit := c.limit()
	end := time.Now().Add(limit)
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		a, err := c.Subject.observe(ctx, g, limit)
		if err != nil {
			return a, err
		}
		if !a.timedOut || last.seen == "" {
			last = a // otherwise the previous observation says more
		}
		if a.ok || !c.Subject.retries() || time.Until(end) < pause {
			return last, nil
		}
		select {
		case <-ctx.Done():
			return last, context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

func (c Check) limit() time.Duration {
	switch {
	case c.Timeout > 0:
		return c.Timeout
	case c.Subject.retries():
		return defaultRetryTimeout
	}
	return defaultCommandTimeout
}

// checkGrace is how long to wait beyond the guest's own limit: time for SIGTERM, SIGKILL
// and a slow agent.
const checkGrace = 20 * time.Second

// errNoAnswer means that the guest did not even report the end of its own limit.
var errNoAnswer = errors.New("the guest gave no answer")

// execWithin is Exec with a limit on this side, in case the guest's own does not work.
func execWithin(ctx context.Context, g Guest, limit time.Duration, c guestagent.Command) (guestagent.Result, error) {
	noAnswer := fmt.Errorf("%w within %s", errNoAnswer, limit+checkGrace)
	within, cancel := context.WithTimeoutCause(ctx, limit+checkGrace, noAnswer)
	defer cancel()
	res, err := g.Exec(within, c)
	switch {
	case err == nil:
		return res, nil
	case ctx.Err() != nil:
		return res, context.Cause(ctx)
	case within.Err() != nil:
		return res, noAnswer
	}
	return res, err
}
