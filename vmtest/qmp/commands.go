package qmp

import (
	"context"
	"errors"
	"io"
	"syscall"
)

// KVM reports whether the guest runs with KVM.
func (c *Client) KVM(ctx context.Context) (bool, error) {
	var reply struct {
		Enabled bool `json:"enabled"`
	}
	err := c.Execute(ctx, "query-kvm", nil, &reply)
	return reply.Enabled, err
}

// Status returns the state of the machine in QEMU's words: "running", "paused",
// "prelaunch", "shutdown", "internal-error", "guest-panicked" and others.
func (c *Client) Status(ctx context.Context) (string, error) {
	var reply struct {
		Status string `json:"status"`
	}
	err := c.Execute(ctx, "query-status", nil, &reply)
	return reply.Status, err
}

// Powerdown presses the power button. A guest may ignore it, which is not an error. The event
// SHUTDOWN follows if it does not.
func (c *Client) Powerdown(ctx context.Context) error {
	return c.Execute(ctx, "system_powerdown", nil, nil)
}

// Quit makes QEMU exit at once, without asking the guest. It is not an error if QEMU closes
// the connection without a reply, or has already closed it.
func (c *Client) Quit(ctx context.Context) error {
	err := c.Execute(ctx, "quit", nil, nil)
	for _, end := range []error{io.EOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, ErrClosed) && errors.Is(err, end) {
			return nil
		}
	}
	return err
}
