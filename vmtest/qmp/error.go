package qmp

import (
	"context"
	"errors"
	"fmt"
)

// ErrClosed is wrapped in the errors of Execute once the connection has ended. If QEMU ended
// it, they also wrap io.EOF or a system error.
var ErrClosed = errors.New("the connection to QEMU is closed")

// Error is QEMU's refusal of a command.
type Error struct {
	Command string
	Class   string // "GenericError" for most
	Desc    string // a message, which differs between versions of QEMU
}

// Error names the command and gives QEMU's reason.
func (e *Error) Error() string {
	return fmt.Sprintf("QEMU refused %s: %s", e.Command, e.Desc)
}

// contextError returns a context's error, with its cause if that is a different error.
func contextError(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return ctx.Err()
}
