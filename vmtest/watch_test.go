package vmtest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/vmtest/qmp"
)

// failedStage1 is the output of a NixOS with systemd in its initrd that finds no root.
const failedStage1 = `[    2.1] systemd[1]: Starting Find NixOS closure...
[ TIME ] Timed out waiting for device /dev/disk/by-label/nixos.
[DEPEND] Dependency failed for /sysroot.
[DEPEND] Dependency failed for Initrd Root File System.
[  OK  ] Reached target Emergency Mode.
         Starting panic-on-fail.service...
[   92.5] sysrq: Trigger a crash
[   92.6] Kernel panic - not syncing: sysrq triggered crash
[   92.6] CPU: 0 UID: 0 PID: 211 Comm: echo
`

func TestPanicOfStage1(t *testing.T) {
	for _, c := range []struct {
		text, title string
		kind        result.CauseKind
	}{
		{failedStage1, "it went into emergency mode: Timed out waiting for device /dev/disk/by-label/nixos.", result.CauseEmergency},
		{"[    9.6] sysrq: Trigger a crash\n[    9.6] Kernel panic - not syncing: sysrq triggered crash\n", "the kernel panicked: sysrq triggered crash", result.CausePanic},
	} {
		s := newSerial(io.Discard)
		feed(t, s, c.text, 64)
		f := (&watcher{machine: &machine{serial: s}}).panicked()
		if f.Kind != c.kind || f.Title != c.title {
			t.Errorf("%s: %s", f.Kind, f.Title)
		}
		if c.kind == result.CauseEmergency && !strings.Contains(f.LogTail, "[DEPEND] Dependency failed for /sysroot.\n") {
			t.Errorf("shown is %q", f.LogTail)
		}
	}
}

// watched returns a machine without QEMU, with a text on its console.
func watched(t *testing.T, maxSilence time.Duration, text string) (m *machine, alive context.Context) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "qmp-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	events := filepath.Join(dir, "s")
	l, err := net.Listen("unix", events)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	m = &machine{accel: AccelKVM, serial: newSerial(io.Discard), shutDown: make(chan struct{}), exited: make(chan struct{}), watchEnded: make(chan struct{})}
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprintln(conn, `{"QMP": {"version": {}, "capabilities": []}}`)
		if in := bufio.NewScanner(conn); in.Scan() {
			fmt.Fprintln(conn, `{"return": {}, "id": 1}`)
		}
		<-m.exited // QEMU's last event may arrive after its exit was seen
		time.Sleep(50 * time.Millisecond)
		fmt.Fprintln(conn, `{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}`)
	}()
	if m.qmp, err = qmp.Dial(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.qmp.Close() })
	alive, fail := context.WithCancelCause(t.Context())
	m.fail = fail
	feed(t, m.serial, text, 100)
	go m.watch(alive, maxSilence)
	return m, alive
}

// The user of an interactive guest may read an old log there, or repair a system that is in
// emergency mode.
func TestAnInteractiveGuestMayPrintAnything(t *testing.T) {
	lanes.Heavy(t, "waits for time limits")
	for maxSilence, ends := range map[time.Duration]bool{0: false, time.Hour: true} {
		m, alive := watched(t, maxSilence, "You are in emergency mode.\nKernel panic - not syncing: x\n")
		select {
		case <-alive.Done():
		case <-time.After(signDelay + 10*watchTick):
		}
		if got := alive.Err() != nil; got != ends {
			t.Errorf("with a silence of %s it ends: %v", maxSilence, got)
		}
		close(m.exited)
		<-m.watchEnded
	}
}

// A guest that powered off is reported as such, even if QEMU's exit is seen first.
func TestAGuestPowersOff(t *testing.T) {
	m, alive := watched(t, 0, "")
	close(m.exited)
	<-m.watchEnded
	select {
	case <-m.shutDown:
	default:
		t.Error("the shutdown was not noticed")
	}
	if cause := context.Cause(alive); cause == nil || !strings.Contains(cause.Error(), "powered off") {
		t.Errorf("it ended because of %v", cause)
	}
}
