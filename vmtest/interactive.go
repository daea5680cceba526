package vmtest

import (
	"context"
	"io"
	"path/filepath"

	"github.com/flakeci/flakeci/result"
)

// Console connects a terminal to the guest's serial line.
type Console struct {
	In  io.Reader
	Out io.Writer
}

// Forward opens a TCP port of the guest on this machine's loopback address.
type Forward struct{ Port, GuestPort uint16 }

// InteractiveGuest is a guest with a user at its console.
type InteractiveGuest struct {
	Accel       Accel
	AccelReason string // why Accel was chosen; empty for KVM
	// Shared is a folder that most guests see as /tmp/shared.
	Shared string
}

// RunInteractive starts a host and leaves it running until the guest or the context ends, neither
// of which is a fault. It calls started once the guest runs.
func (p *Pool) RunInteractive(ctx context.Context, h Host, console Console, forwards []Forward, started func(InteractiveGuest)) *Fault {
	m, alive, fault := p.start(ctx, h, startOptions{console: &console, forwards: forwards, interactive: true})
	if ctx.Err() != nil {
		fault = nil // the user left before it started
	}
	if m == nil {
		return fault
	}
	defer m.discard()
	defer m.stop(ctx, false)
	started(InteractiveGuest{Accel: m.accel, AccelReason: m.accelReason, Shared: filepath.Join(m.dir, sharedFolder)})
	<-alive.Done()
	fault = fatalFault(alive, nil)
	if fault == nil || fault.Kind == result.CauseBoot || ctx.Err() != nil {
		return nil // it powered off as its user wanted, or the user left
	}
	return fault
}
