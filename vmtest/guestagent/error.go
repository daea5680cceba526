package guestagent

import (
	"context"
	"errors"
	"fmt"
)

// ErrClosed is wrapped in errors after the connection has ended, because QEMU exited or Close
// was called.
var ErrClosed = errors.New("the connection to the guest agent is closed")

// Error is the agent's refusal or failure to carry out a command.
type Error struct {
	Command string
	Class   string // "GenericError" for most
	Desc    string // the guest's message
}

// Error names the command and gives the agent's reason.
func (e *Error) Error() string {
	return fmt.Sprintf("the guest agent refused %s: %s", e.Command, e.Desc)
}

// contextError returns a context's error, with its cause if that is a different error.
func contextError(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return ctx.Err()
}
