package vmtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flakeci/flakeci/vmtest/guestagent"
)

// Check is something that has to be true of a booted host.
type Check struct {
	// Name is what its owner calls it; empty is one made of what is checked.
	Name string
	// Timeout is for how long a command may run, or how long it may take until
	// anything else is true; 0 stands for the defaults below.
	Timeout time.Duration
	// Subject is what is checked.
	Subject Subject
}

// What the zero value of a check's timeout stands for.
const (
	DefaultCommandTimeout = 30 * time.Second // for a command, and for an account
	DefaultWaitTimeout    = 10 * time.Second // for all that may become true a while after the boot
)

// Subject is one of the sorts of checks: [UnitCheck], [CommandCheck],
// [PortCheck], [FileCheck], [AccountCheck] or [URLCheck].
type Subject interface {
	// label names what is checked, in one line.
	label() string
	// expected says what has to be seen.
	expected() string
	// waits says that it may still become true, so that a no is asked again.
	waits() bool
	// ask looks once, for no longer than the limit.
	ask(ctx context.Context, g Guest, limit time.Duration) (answer, error)
}

// Guest is a booted host, as checks see it.
type Guest interface {
	// Exec runs a program in the guest, as root, to its end. One that ended
	// badly is a result; an error is a guest that could not be asked.
	Exec(ctx context.Context, c guestagent.Command) (guestagent.Result, error)
}

// CheckResult says what was expected and what was seen. What was seen comes
// from the guest, and is to be cleaned where it is shown.
type CheckResult struct {
	Name     string
	Passed   bool
	Err      error    // the guest could not be asked
	TimedOut bool     // there was no answer in time; one that is still wrong then has just failed
	Expected string   // "sshd.service active"
	Seen     string   // "failed (exit-code 255)"
	Detail   []string // the end of the output, or of the unit's journal, of a check that failed
	Started  time.Time
	Duration time.Duration
}

// answer is what one look at the guest showed.
type answer struct {
	ok       bool
	seen     string
	detail   []string
	timedOut bool
}

// Label is the name given, or made.
func (c Check) Label() string {
	if c.Name != "" {
		return c.Name
	}
	return c.Subject.label()
}

// Run asks the guest. What is not true yet is asked again until its time is
// over; a command runs once.
func (c Check) Run(ctx context.Context, g Guest) CheckResult {
	r := CheckResult{Name: c.Label(), Expected: c.Subject.expected(), Started: time.Now()}
	a, err := c.answer(ctx, g)
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

// The time between two looks doubles from the first to the second of these.
const (
	checkPauseFirst = 250 * time.Millisecond
	checkPauseMost  = time.Second
)

// answer looks until it is true or too late. A look that was begun in time is
// not cut short: a slow guest has it for itself.
func (c Check) answer(ctx context.Context, g Guest) (last answer, err error) {
	limit := c.limit()
	end := time.Now().Add(limit)
	for pause := checkPauseFirst; ; pause = min(2*pause, checkPauseMost) {
		a, err := c.Subject.ask(ctx, g, limit)
		if err != nil {
			return a, err
		}
		if !a.timedOut || last.seen == "" {
			last = a // else what was seen before says more
		}
		if a.ok || !c.Subject.waits() || time.Until(end) < pause {
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
	case c.Subject.waits():
		return DefaultWaitTimeout
	}
	return DefaultCommandTimeout
}

// How long after the guest's own limit it is given up: time for SIGTERM,
// SIGKILL and a slow agent.
const checkGrace = 20 * time.Second

// errSilentGuest is a guest that did not even say that the time was over.
var errSilentGuest = errors.New("the guest gave no answer")

// execWithin is Exec with an end, should the guest's own limit not work.
func execWithin(ctx context.Context, g Guest, limit time.Duration, c guestagent.Command) (guestagent.Result, error) {
	silent := fmt.Errorf("%w within %s", errSilentGuest, limit+checkGrace)
	within, cancel := context.WithTimeoutCause(ctx, limit+checkGrace, silent)
	defer cancel()
	res, err := g.Exec(within, c)
	switch {
	case err == nil:
		return res, nil
	case ctx.Err() != nil:
		return res, context.Cause(ctx)
	case within.Err() != nil:
		return res, silent
	}
	return res, err
}
