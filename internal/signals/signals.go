// Package signals ends a run at the signals of its user.
package signals

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/safely"
)

// grace is how long several signals count as one. timeout(1) sends its signal to
// flakeci, and to flakeci's process group.
const grace = 100 * time.Millisecond

// Context returns a context that the first signal cancels. The second one kills
// what still runs, the third ends flakeci itself. Of these, SIGHUP can only be the first: when a
// terminal is closed, the shell sends it, and the kernel again once the shell has ended.
func Context() context.Context {
	received := make(chan os.Signal, 1)
	signal.Notify(received, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signal.Notify(received, syscall.SIGHUP)
	}
	// A closed stdout ends neither the run nor its reports: with this, writing to it
	// only returns an error.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, cancel := context.WithCancel(context.Background())
	kill := make(chan struct{})
	safely.Go(func() {
		<-received
		cancel()
		time.Sleep(grace)
		select {
		case <-received:
		default:
		}
		for sig := range received {
			if sig != syscall.SIGHUP {
				break
			}
		}
		signal.Reset(os.Interrupt, syscall.SIGTERM) // not SIGPIPE
		close(kill)
	})
	return proc.WithKill(ctx, kill)
}
