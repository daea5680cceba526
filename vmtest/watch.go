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
	// How long the console is listened to after a panic or an emergency was
	// seen: what it was about is mostly printed around it.
	aftermath = 2 * time.Second
	// How long a guest that offers a login may do without its agent.
	agentLimit = 30 * time.Second
	// How often silence is looked for.
	watchTick = 200 * time.Millisecond
)

// watch looks at the console, QEMU's events and the process at once, until the
// machine is gone or nobody wants to know any more. What says that the host will
// not come up, or is gone, ends the context with the fault. A silence of 0 is that
// of a guest somebody looks around in: it may print what it likes, or nothing.
func (m *machine) watch(alive context.Context, silence time.Duration) {
	defer close(m.watched)
	w := watcher{machine: m, silence: silence}
	tick := time.NewTicker(watchTick)
	defer tick.Stop()
	events := m.qmp.Events()
	for alive.Err() == nil {
		var fault *Fault
		select {
		case <-alive.Done():
		case s := <-m.serial.first:
			if silence > 0 {
				w.begin(s)
			}
		case e, ok := <-events:
			if !ok {
				events = nil // QEMU is about to be gone
			}
			fault = w.event(alive, e)
		case <-m.exited:
			fault, events = w.gone(alive, events), nil
		case <-tick.C:
			fault = w.look()
		}
		if fault != nil && !m.isStopping() {
			m.fail(&faultError{fault})
		}
	}
	w.seeOff(events)
}

// faultError carries a fault as the cause of a context.
type faultError struct{ fault *Fault }

func (e *faultError) Error() string { return e.fault.Title }

func (m *machine) isStopping() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stopping
}

// watcher is what watch remembers from one look to the next.
type watcher struct {
	machine  *machine
	silence  time.Duration
	sign     sign
	signed   time.Time // when the sign was seen
	greeted  time.Time // when a login was offered
	shutdown bool
	open     bool
}

// begin remembers that the console shows the end.
func (w *watcher) begin(s sign) {
	if w.sign == signNone {
		w.sign, w.signed = s, time.Now()
	}
}

// event takes in what QEMU tells.
func (w *watcher) event(ctx context.Context, e qmp.Event) *Fault {
	var data struct {
		ID     string `json:"id"`
		Open   bool   `json:"open"`
		Guest  bool   `json:"guest"`
		Reason string `json:"reason"`
	}
	_ = json.Unmarshal(e.Data, &data) // what is not there stays empty
	switch e.Name {
	case "VSERPORT_CHANGE":
		if data.ID == agentPort && data.Open && !w.open {
			w.open = true
			close(w.machine.opened)
		}
	case "GUEST_PANICKED":
		w.begin(signPanic)
		return w.panicked()
	case "SHUTDOWN":
		return w.shutDown(data.Guest, data.Reason)
	case "STOP":
		return w.stopped(ctx)
	case "BLOCK_IO_ERROR":
		return infraFault("a disk of the guest cannot be read or written", string(e.Data), "see that the disk of this machine is not full")
	}
	return nil
}

// shutDown is the end that the guest brought about, or that flakeci did.
func (w *watcher) shutDown(guest bool, reason string) *Fault {
	if !w.shutdown {
		w.shutdown = true
		close(w.machine.over)
	}
	switch {
	case w.sign == signPanic || reason == "guest-panic":
		return w.panicked()
	case w.sign == signEmergency:
		return w.emergency()
	case reason == "guest-reset":
		return w.fault(result.CauseBoot, "it rebooted by itself", "look at the last lines of the console for who asked for it")
	case guest:
		return w.fault(result.CauseBoot, "it powered off by itself", "look at the last lines of the console for who asked for it")
	}
	return nil
}

// stopped looks into why the guest does not run. After its end it is paused, for
// a picture; that is told by other events.
func (w *watcher) stopped(ctx context.Context) *Fault {
	limited, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	status, err := w.machine.qmp.Status(limited)
	if err != nil || status != "internal-error" && status != "io-error" {
		return nil
	}
	return infraFault("QEMU could not go on ("+status+")", "", "another accelerator may do better: --accel tcg")
}

// look is done now and then: for what the console showed a while ago, and for
// what does not happen.
func (w *watcher) look() *Fault {
	up, _ := w.machine.serial.seen()
	if up && w.greeted.IsZero() {
		w.greeted = time.Now()
	}
	switch {
	case w.sign == signPanic && time.Since(w.signed) > aftermath:
		return w.panicked()
	case w.sign == signEmergency && time.Since(w.signed) > aftermath:
		return w.emergency()
	case w.open || w.silence == 0:
		return nil // it is asked how it is, or nobody asks
	case up && time.Since(w.greeted) > agentLimit*w.machine.accel.factor():
		return w.noAgent()
	case w.machine.serial.silent() > w.silence:
		return w.hung(up)
	}
	return nil
}

// gone says why QEMU is gone: for what it told last, if that was something.
func (w *watcher) gone(ctx context.Context, events <-chan qmp.Event) *Fault {
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
	return w.machine.died()
}

// seeOff waits for the end of a machine whose fate is known: the guest's own end
// is what a graceful power-down waits for.
func (w *watcher) seeOff(events <-chan qmp.Event) {
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

func (w *watcher) fault(kind result.CauseKind, title, hint string) *Fault {
	return &Fault{Kind: kind, Title: title, Hint: hint, Tail: w.machine.serial.tail(shownLines)}
}

func infraFault(title, message, hint string) *Fault {
	return &Fault{Kind: result.CauseInfra, Title: title, Message: message, Hint: hint}
}

// NixOS' stage 1 with systemd ends its emergency mode in a panic, for it is told
// boot.panic_on_fail: what failed before that is what matters.
var failedStage1RE = regexp.MustCompile(`\bpanic-on-fail\b|Reached target .*[Ee]mergency`)

func (w *watcher) panicked() *Fault {
	if slices.ContainsFunc(w.machine.serial.tail(serialLines), failedStage1RE.MatchString) {
		f := w.emergency()
		const before, after = 20, 2
		f.Tail = w.machine.serial.around("mergency", before, after)
		return f
	}
	f := w.fault(result.CausePanic, "the kernel panicked", "")
	const before, after = 8, 12 // what led to it says as much as the trace
	f.Tail = w.machine.serial.around("Kernel panic - not syncing", before, after)
	for _, line := range f.Tail {
		if _, why, ok := strings.Cut(line, "Kernel panic - not syncing: "); ok {
			f.Title += ": " + why
			break // the end of the trace says it once more
		}
	}
	return f
}

func (w *watcher) emergency() *Fault {
	f := w.fault(result.CauseEmergency, "it ended in emergency mode", "what failed first is mostly a mount or a file system check; see its lines on the console")
	if troubles := w.machine.serial.troubles(); len(troubles) > 0 {
		f.Title += ": " + troubles[0]
		for _, t := range troubles {
			f.Message += t + "\n"
		}
	}
	return f
}

func (w *watcher) noAgent() *Fault {
	return w.fault(result.CauseAgent, "it offers a login, but the guest agent never answered",
		"virtualisation.qemu.guestAgent.enable or services.qemuGuest.enable has to be on in the VM, and qemu-guest-agent.service has to start")
}

func (w *watcher) hung(up bool) *Fault {
	if up {
		return w.noAgent()
	}
	if _, talked := w.machine.serial.seen(); !talked {
		return w.fault(result.CauseHang, fmt.Sprintf("it printed nothing for %s", w.silence),
			"without console=ttyS0 among the kernel's parameters the serial console stays silent")
	}
	return w.fault(result.CauseHang, fmt.Sprintf("it hangs: nothing on the console for %s", w.silence), "")
}
