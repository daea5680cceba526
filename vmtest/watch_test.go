package vmtest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/vmtest/qmp"
)

// What a NixOS with systemd in its initrd prints whose root is not there.
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
		{failedStage1, "it ended in emergency mode: Timed out waiting for device /dev/disk/by-label/nixos.", result.CauseEmergency},
		{"[    9.6] sysrq: Trigger a crash\n[    9.6] Kernel panic - not syncing: sysrq triggered crash\n", "the kernel panicked: sysrq triggered crash", result.CausePanic},
	} {
		s := newSerial(io.Discard)
		feed(t, s, c.text, 64)
		f := (&watcher{machine: &machine{serial: s}}).panicked()
		if f.Kind != c.kind || f.Title != c.title {
			t.Errorf("%s: %s", f.Kind, f.Title)
		}
		if c.kind == result.CauseEmergency && !slices.Contains(f.Tail, "[DEPEND] Dependency failed for /sysroot.") {
			t.Errorf("shown is %q", f.Tail)
		}
	}
}

// watched is a machine without QEMU whose console says something.
func watched(t *testing.T, silence time.Duration, says string) (m *machine, alive context.Context) {
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
	m = &machine{accel: AccelKVM, serial: newSerial(io.Discard), over: make(chan struct{}), exited: make(chan struct{}), watched: make(chan struct{})}
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
		<-m.exited // the last that it says may be read after its end was seen
		time.Sleep(50 * time.Millisecond)
		fmt.Fprintln(conn, `{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}`)
	}()
	if m.qmp, err = qmp.Dial(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.qmp.Close() })
	alive, fail := context.WithCancelCause(t.Context())
	m.fail = fail
	feed(t, m.serial, says, 100)
	go m.watch(alive, silence)
	return m, alive
}

// Whoever looks around in a guest may read an old log in it, and may mend what
// ended in emergency mode.
func TestAKeptGuestMaySayAnything(t *testing.T) {
	lanes.Heavy(t, "waits for time limits")
	for silence, ends := range map[time.Duration]bool{0: false, time.Hour: true} {
		m, alive := watched(t, silence, "You are in emergency mode.\nKernel panic - not syncing: x\n")
		select {
		case <-alive.Done():
		case <-time.After(aftermath + 10*watchTick):
		}
		if got := alive.Err() != nil; got != ends {
			t.Errorf("with silence %s it ends: %v", silence, got)
		}
		close(m.exited)
		<-m.watched
	}
}

// A guest that powered off is over by its own wish, whoever sees first that QEMU
// is gone.
func TestTheEndIsTheGuestsOwn(t *testing.T) {
	m, alive := watched(t, 0, "")
	close(m.exited)
	<-m.watched
	select {
	case <-m.over:
	default:
		t.Error("nobody knows that the guest has shut down")
	}
	if cause := context.Cause(alive); cause == nil || !strings.Contains(cause.Error(), "powered off") {
		t.Errorf("it ended because of %v", cause)
	}
}
