package nix

import (
	"context"
	"sync"

	"github.com/flakeci/flakeci/internal/proc"
)

// runUntil is like run, but kills the process once a line shows that it is stuck.
func (c *Client) runUntil(ctx context.Context, k call, stuck func() bool) (proc.Usage, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	kill := make(chan struct{})
	end := sync.OnceFunc(func() {
		close(kill)
		cancel()
	})
	read := k.line
	k.line = func(line []byte) {
		if read(line); stuck() {
			end()
		}
	}
	return c.run(proc.WithKill(ctx, kill), k)
}
