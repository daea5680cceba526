package vmtest

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/vmtest/guestagent"
)

// A QEMU that is killed takes the connection with it at once, and is known to be
// gone a moment later.
func TestFateOfALostConnection(t *testing.T) {
	lost := fmt.Errorf("exec: %w", guestagent.ErrClosed)
	synctest.Test(t, func(t *testing.T) {
		alive, fail := context.WithCancelCause(t.Context())
		killed := &Fault{Kind: result.CauseInfra, Title: "QEMU was killed"}
		go func() {
			time.Sleep(time.Second)
			fail(&faultError{killed})
		}()
		b := booting{lab: &Lab{}}
		if got := b.notUp(alive, time.Minute, lost); len(got) != 1 || got[0] != killed {
			t.Errorf("got %+v", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := booting{lab: &Lab{}}
		if got := b.notUp(t.Context(), time.Minute, lost); len(got) != 1 || got[0].Kind != result.CauseAgent {
			t.Errorf("a guest whose agent is gone: %+v", got)
		}
	})
}

// Memory is not said to have run out where the supervisor was killed.
func TestWhoEndedQEMU(t *testing.T) {
	for want, err := range map[string]error{"memory runs out": nil, "a program of the same user": proc.ErrLost} {
		m := machine{serial: newSerial(io.Discard), err: &proc.Error{Argv: []string{"run"}, ExitCode: -1, Signal: syscall.SIGKILL, Err: err}}
		if f := m.died(); f.Kind != result.CauseInfra || !strings.Contains(f.Hint, want) {
			t.Errorf("got %+v, want %q", f, want)
		}
	}
}

// An agent that refuses is not one that was too slow.
func TestAnAgentThatRefuses(t *testing.T) {
	b := booting{lab: &Lab{}}
	refused := &guestagent.Error{Class: "CommandNotFound", Desc: "Command guest-exec has been disabled"}
	if got := b.notUp(t.Context(), time.Minute, refused); len(got) != 1 || got[0].Kind != result.CauseAgent {
		t.Errorf("got %+v", got)
	}
}

// A run that is interrupted while a host boots skips nothing: it never came to it.
func TestChecksOfAnInterruptedBoot(t *testing.T) {
	b := booting{lab: &Lab{}, host: Host{Checks: []Check{{Name: "x"}}}}
	b.result.Phases = []Phase{{Phase: result.Phase{Name: result.PhaseBoot.Name(), Status: result.Canceled}}}
	b.checks(t.Context())
	if p := b.result.Phases[1]; p.Status != result.Canceled {
		t.Errorf("the check is %+v", p)
	}
}

// A guest shares a folder with this machine, and does there what it likes.
func TestAFolderThatAGuestLocked(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vm")
	if err := os.MkdirAll(filepath.Join(dir, "xchg", "locked", "inside"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"xchg/locked/inside", "xchg/locked"} {
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	removeAll(dir)
	if _, err := os.Lstat(dir); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
}

// What a machine cannot run at all is no fault of the host's.
func TestRunnersThatDoNotRun(t *testing.T) {
	lab := &Lab{Accel: &Accelerator{Want: AccelTCG}, Dir: t.TempDir(), Path: os.Getenv("PATH")}
	runner := func(text string) string {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "bin", "run-box-vm"), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for name, c := range map[string]struct {
		runner string
		kind   result.CauseKind
		title  string
	}{
		"another machine's": {runner("#!/no/such/interpreter\n"), result.CauseInfra, "the runner cannot be started: "},
		"another store's":   {"/no/such/store/nixos-vm", result.CauseInfra, "the VM is not in this machine's store: "},
		"none":              {t.TempDir(), result.CauseBoot, "the VM has no runner"},
		"refused":           {runner("#!/bin/sh\necho 'qemu: no such option' >&2\nexit 1\n"), result.CauseBoot, "QEMU does not start: no such option"},
	} {
		t.Run(name, func(t *testing.T) {
			res := lab.Boot(t.Context(), Host{Name: "box", Runner: c.runner}, func(string, result.PhaseName) {})
			faults := res.faults()
			if len(faults) != 1 || faults[0].Kind != c.kind || !strings.HasPrefix(faults[0].Title, c.title) {
				t.Errorf("faults are %+v", faults[0])
			}
			if left, _ := os.ReadDir(lab.Dir); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// What runs as another user, as by sudo, flakeci may not end, and does not wait for.
func TestARunnerThatCannotBeEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		killed := false
		m := &machine{kill: func() { killed = true }, exited: make(chan struct{})}
		if m.stop(t.Context(), false) || !killed {
			t.Errorf("it is gone, or was not killed: %v", killed)
		}
		close(m.exited)
		if !m.stop(t.Context(), false) {
			t.Error("one that is gone is said not to be")
		}
	})
}
