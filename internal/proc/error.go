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

// Error is the failure of a program to start or to exit with 0.
type Error struct {
	Argv     []string       // [Cmd.Path] and [Cmd.Args]
	ExitCode int            // -1 if it did not start or a signal ended it
	Signal   syscall.Signal // the signal that ended it, or 0
	LastLine string         // the most telling line of standard error: short, printable, may be empty
	Err      error          // why it did not start or was stopped, or the error of passing on its output; nil if it ended by itself
}

// Error names the program, how it ended, and [Error.LastLine]. It leaves out the arguments,
// which can be long.
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

// ErrNotFound is wrapped in the error of Run if PATH has no such program. For a path with a
// slash it is fs.ErrNotExist.
var ErrNotFound = exec.ErrNotFound

// ErrSupervisorKilled is wrapped in the error of Run if the program's supervisor was killed, and
// the program with it.
var ErrSupervisorKilled = errors.New("its supervisor was killed")

// LimitError means that a program reached [Cmd.Limit]. It does not wrap
// [context.DeadlineExceeded], which is for the caller's context.
type LimitError struct {
	Limit time.Duration
}

func (e *LimitError) Error() string { return fmt.Sprintf("did not end within %s", e.Limit) }

// contextError returns a context's error. It also wraps the cause if that is a different error.
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
