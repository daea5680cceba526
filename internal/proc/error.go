package proc

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Error says that a program could not be run or did not end well.
type Error struct {
	Argv     []string       // the program as it was given, and its arguments
	ExitCode int            // -1 if it did not start or was ended by a signal
	Signal   syscall.Signal // the signal that ended it, or 0
	LastLine string         // the last meaningful line of standard error: short, printable, may be empty
	Err      error          // why it did not start or was stopped, or what failed in handing on its output; nil if it ended by itself
}

// Error names the program, how it ended and the last line it wrote. The
// arguments are left out, they can be long.
func (e *Error) Error() string {
	text := filepath.Base(e.Argv[0]) + ": "
	switch {
	case e.Err != nil:
		text += e.Err.Error()
	case e.Signal != 0:
		text += fmt.Sprintf("ended by signal %d (%s)", int(e.Signal), e.Signal)
	default:
		text += fmt.Sprintf("exit code %d", e.ExitCode)
	}
	if e.LastLine != "" {
		text += ": " + e.LastLine
	}
	return text
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// ErrNotFound is found by errors.Is in the error of Run when PATH
// has no such program. One that was given with a slash gives fs.ErrNotExist.
var ErrNotFound = exec.ErrNotFound

// ErrSupervisorKilled is found by errors.Is in the error of Run when somebody killed the supervisor of
// the program, which ended the program too.
var ErrSupervisorKilled = errors.New("its supervisor was killed")

// LimitError says that a program ran for longer than its own limit. It is no
// [context.DeadlineExceeded]: that is the caller's.
type LimitError struct {
	Limit time.Duration
}

func (e *LimitError) Error() string { return fmt.Sprintf("did not end within %s", e.Limit) }

// contextError returns why a context ended. The cause is added where there is one of
// its own, so that both can be asked for with errors.Is.
func contextError(ctx context.Context) error {
	var limit *LimitError
	if errors.As(context.Cause(ctx), &limit) {
		return limit
	}
	if cause := context.Cause(ctx); !errors.Is(cause, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return ctx.Err()
}
