package vmtest

import (
	"context"
	"io"
	"path/filepath"

	"github.com/flakeci/flakeci/result"
)

// Console is how somebody at a terminal looks into a guest: its serial line.
type Console struct {
	In  io.Reader
	Out io.Writer
}

// Forward opens a TCP port of the guest on this machine's loopback address.
type Forward struct{ Port, GuestPort uint16 }

// Kept is a guest that runs for somebody to look around.
type Kept struct {
	Accel Accel
	Why   string // why that and no other; empty for KVM
	// Shared is a folder that some guests see as /tmp/shared.
	Shared string
}

// Keep starts a host and leaves it running until the guest ends or the context
// does, which is no fault. started is told of the running guest.
func (l *Lab) Keep(ctx context.Context, h Host, console Console, forwards []Forward, started func(Kept)) *Fault {
	m, alive, fault := l.start(ctx, h, startOptions{console: &console, forwards: forwards, patient: true})
	if ctx.Err() != nil {
		fault = nil // it was left before it began
	}
	if m == nil {
		return fault
	}
	defer m.discard()
	defer m.stop(ctx, false)
	started(Kept{Accel: m.accel, Why: m.why, Shared: filepath.Join(m.dir, sharedFolder)})
	<-alive.Done()
	died := fate(alive, nil)
	if died == nil || died.Kind == result.CauseBoot || ctx.Err() != nil {
		return nil // it powered off, as its user wanted, or was left
	}
	return died
}
