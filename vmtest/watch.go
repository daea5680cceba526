package vmtest

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/vmtest/qmp"
)

const (
	// How long to read the console after a sign of a panic or an emergency: most of the
	// reason is printed around it.
	signDelay = 2 * time.Second
	// How long after the login prompt the agent may start.
	agentLimit = 30 * time.Second
	// How often to check for silence.
	watchTick = 200 * time.Millisecond
)

// watch watches the console, QEMU's events and the process until alive ends. It ends alive
// with a fault when the host has ended or can no longer come up. In an interactive guest,
// for which maxSilence is 0, it ignores the console.
func (m *machine) watch(alive context.Context, maxSilence time.Duration) {
	defer close(m.watchEnded)
	w := watcher{machine: m, maxSilence: maxSilence}
	tick := time.NewTicker(watchTick)
	defer tick.Stop()
	events := m.qmp.Events()
	for alive.Err() == nil {
		var fault *Fault
		select {
		case <-alive.Done():
		case s := <-m.serial.first:
			if maxSilence > 0 {
				w.noteSign(s)
			}
		case e, ok := <-events:
			if !ok {
				events = nil // QEMU is about to exit
			}
			fault = w.event(alive, e)
		case <-m.exited:
			fault, events = w.exited(alive, events), nil
		case <-tick.C:
			fault = w.tick()
		}
		if fault != nil && !m.stopping.Load() {
			m.fail(&faultError{fault})
		}
	}
	w.awaitExit(events)
}

// faultError carries a fault as the cause of a context.
type faultError struct{ fault *Fault }

func (e *faultError) Error() string { return e.fault.Title }

// watcher is the state of [machine.watch].
type watcher struct {
	machine    *machine
	maxSilence time.Duration
	sign       sign
	signSince  time.Time // when the sign was seen
	loginSince time.Time // when the login prompt was seen
	shutdown   bool
	agentOpen  bool
}

// noteSign records the first sign of a panic or an emergency.
func (w *watcher) noteSign(s sign) {
	if w.sign == signNone {
		w.sign, w.signSince = s, time.Now()
	}
}

// event handles an event of QEMU.
func (w *watcher) event(ctx context.Context, e qmp.Event) *Fault {
	var data struct {
		ID     string `json:"id"`
		Open   bool   `json:"open"`
		Guest  bool   `json:"guest"`
		Reason string `json:"reason"`
	}
	_ = json.Unmarshal(e.Data, &data) // missing fields stay empty
	switch e.Name {
	case "VSERPORT_CHANGE":
		if data.ID == agentPort && data.Open && !w.agentOpen {
			w.agentOpen = true
			close(w.machine.agentOpened)
		}
	case "GUEST_PANICKED":
		w.noteSign(signPanic)
		return w.panicked()
	case "SHUTDOWN":
		return w.shutDown(data.Guest, data.Reason)
	case "STOP":
		return w.stopped(ctx)
	case "BLOCK_IO_ERROR":
		f := newFault(result.CauseInfra, "a disk of the guest cannot be read or written", "check that this machine's disk is not full")
		f.Message = string(e.Data)
		return f
	}
	return nil
}

// shutDown handles the end of the guest, whether the guest or flakeci caused it.
func (w *watcher) shutDown(guest bool, reason string) *Fault {
	if !w.shutdown {
		w.shutdown = true
		close(w.machine.shutDown)
	}
	switch {
	case w.sign == signPanic || reason == "guest-panic":
		return w.panicked()
	case w.sign == signEmergency:
		return w.emergency()
	case reason == "guest-reset":
		return w.machine.fault(result.CauseBoot, "it rebooted by itself", shutdownHint)
	case guest:
		return w.machine.fault(result.CauseBoot, "it powered off by itself", shutdownHint)
	}
	return nil
}

const shutdownHint = "the last lines of the console may show the reason"

// stopped finds out why the guest does not run. QEMU also pauses a guest that has ended,
// for a screenshot, but reports that with other events.
func (w *watcher) stopped(ctx context.Context) *Fault {
	limited, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	status, err := w.machine.qmp.Status(limited)
	if err != nil || status != "internal-error" && status != "io-error" {
		return nil
	}
	return newFault(result.CauseInfra, "QEMU could not continue ("+status+")", "try another accelerator: --accel tcg")
}

// tick checks for an earlier sign of failure, and for a guest that makes no progress.
func (w *watcher) tick() *Fault {
	up, _ := w.machine.serial.seen()
	if up && w.loginSince.IsZero() {
		w.loginSince = time.Now()
	}
	switch {
	case w.sign == signPanic && time.Since(w.signSince) > signDelay:
		return w.panicked()
	case w.sign == signEmergency && time.Since(w.signSince) > signDelay:
		return w.emergency()
	case w.agentOpen || w.maxSilence == 0:
		return nil // the agent reports the rest, or the guest is interactive
	case up && time.Since(w.loginSince) > agentLimit*w.machine.accel.factor():
		return w.noAgent()
	case w.machine.serial.silence() > w.maxSilence:
		return w.hung(up)
	}
	return nil
}

// exited returns the fault of QEMU's exit: what its last events say, or how it exited.
func (w *watcher) exited(ctx context.Context, events <-chan qmp.Event) *Fault {
	limit := time.After(time.Second)
	for events != nil {
		select {
		case e, ok := <-events:
			if !ok {
				events = nil
			} else if fault := w.event(ctx, e); fault != nil {
				return fault
			}
		case <-limit:
			events = nil
		}
	}
	return w.machine.exitFault()
}

// awaitExit handles events until QEMU exits: a graceful power-down waits for SHUTDOWN.
func (w *watcher) awaitExit(events <-chan qmp.Event) {
	for events != nil {
		select {
		case e, ok := <-events:
			if !ok {
				return
			}
			if e.Name == "SHUTDOWN" {
				_ = w.shutDown(false, "")
			}
		case <-w.machine.exited:
			return
		}
	}
}

// failedStage1RE matches lines of the emergency mode of NixOS' stage 1 with systemd, which
// ends in a panic because of boot.panic_on_fail. What failed before it is the real cause.
var failedStage1RE = regexp.MustCompile(`\bpanic-on-fail\b|Reached target .*[Ee]mergency`)

func (w *watcher) panicked() *Fault {
	if slices.ContainsFunc(w.machine.serial.tail(serialLines), failedStage1RE.MatchString) {
		f := w.emergency()
		const before, after = 20, 2
		f.LogTail = strings.Join(w.machine.serial.around("mergency", before, after), "\n")
		return f
	}
	f := newFault(result.CausePanic, "the kernel panicked", "")
	const before, after = 8, 12 // what led to it says as much as the trace
	lines := w.machine.serial.around("Kernel panic - not syncing", before, after)
	for _, line := range lines {
		if _, reason, ok := strings.Cut(line, "Kernel panic - not syncing: "); ok {
			f.Title += ": " + reason
			break // the end of the trace repeats it
		}
	}
	f.LogTail = strings.Join(lines, "\n")
	return f
}

func (w *watcher) emergency() *Fault {
	f := w.machine.fault(result.CauseEmergency, "it went into emergency mode", "usually a mount or a file system check failed first; see its lines on the console")
	if failures := w.machine.serial.listFailures(); len(failures) > 0 {
		f.Title += ": " + failures[0]
		f.Message = strings.Join(failures, "\n") + "\n"
	}
	return f
}

func (w *watcher) noAgent() *Fault {
	return w.machine.fault(result.CauseAgent, "it shows a login prompt, but the guest agent never answered",
		"virtualisation.qemu.guestAgent.enable or services.qemuGuest.enable must be on in the VM, and qemu-guest-agent.service must start")
}

func (w *watcher) hung(up bool) *Fault {
	if up {
		return w.noAgent()
	}
	if _, printed := w.machine.serial.seen(); !printed {
		return w.machine.fault(result.CauseHang, fmt.Sprintf("it printed nothing for %s", w.maxSilence),
			"the kernel prints to the serial console only with console="+w.machine.console+" among its parameters")
	}
	return w.machine.fault(result.CauseHang, fmt.Sprintf("it hangs: nothing on the console for %s", w.maxSilence), "")
}
