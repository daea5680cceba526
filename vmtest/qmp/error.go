package qmp

import (
	"context"
	"errors"
	"fmt"
)

// ErrClosed is found by errors.Is in what Execute returns once the connection
// has ended, whoever ended it. Where QEMU did, io.EOF or a system error is found
// beside it.
var ErrClosed = errors.New("the connection to QEMU is closed")

// Error says that QEMU refused a command.
type Error struct {
	Command string
	Class   string // "GenericError" for most
	Desc    string // for people; differs between QEMU's versions
}

// Error names the command and gives QEMU's reason.
func (e *Error) Error() string {
	return fmt.Sprintf("QEMU refused %s: %s", e.Command, e.Desc)
}

// over returns why a context ended, with the cause if it has one of its own.
func over(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return ctx.Err()
}
