package guestagent

import (
	"context"
	"errors"
	"fmt"
)

// ErrClosed is found by errors.Is in an error when the connection has ended:
// QEMU is gone, or Close was called.
var ErrClosed = errors.New("the connection to the guest agent is closed")

// ErrTooLong is found by errors.Is in the error of ReadFile.
var ErrTooLong = errors.New("the file is longer than wanted")

// Error says that the agent refused a command or could not carry it out.
type Error struct {
	Command string
	Class   string // "GenericError" for most
	Desc    string // for people; the guest's words
}

// Error names the command and gives the agent's reason.
func (e *Error) Error() string {
	return fmt.Sprintf("the guest agent refused %s: %s", e.Command, e.Desc)
}

// over returns why a context ended, with the cause if it has one of its own.
func over(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return ctx.Err()
}
