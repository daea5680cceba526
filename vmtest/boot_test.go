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
	"github.com/flakeci/flakeci/vmtest/check"
	"github.com/flakeci/flakeci/vmtest/guestagent"
)

// If QEMU is killed, the connection is lost at once, and the reason is known a moment later.
func TestFaultOfALostConnection(t *testing.T) {
	lost := fmt.Errorf("exec: %w", guestagent.ErrClosed)
	synctest.Test(t, func(t *testing.T) {
		alive, fail := context.WithCancelCause(t.Context())
		killed := newFault(result.CauseInfra, "QEMU was killed", "")
		go func() {
			time.Sleep(time.Second)
			fail(&faultError{killed})
		}()
		s := session{pool: &Pool{}}
		if got := s.bootFaults(alive, time.Minute, lost); len(got) != 1 || got[0] != killed {
			t.Errorf("got %+v", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := session{pool: &Pool{}}
		if got := s.bootFaults(t.Context(), time.Minute, lost); len(got) != 1 || got[0].Kind != result.CauseAgent {
			t.Errorf("without an agent: %+v", got)
		}
	})
}

// Memory is not blamed if the supervisor was killed.
func TestFaultOfAKilledQEMU(t *testing.T) {
	for want, err := range map[string]error{"memory runs out": nil, "a program of the same user": proc.ErrSupervisorKilled} {
		m := machine{serial: newSerial(io.Discard), err: &proc.Error{Argv: []string{"run"}, ExitCode: -1, Signal: syscall.SIGKILL, Err: err}}
		if f := m.exitFault(); f.Kind != result.CauseInfra || !strings.Contains(f.Hint, want) {
			t.Errorf("got %+v, want %q", f, want)
		}
	}
}

// An agent that refuses a command is not reported as too slow.
func TestAnAgentThatRefuses(t *testing.T) {
	s := session{pool: &Pool{}}
	refused := &guestagent.Error{Class: "CommandNotFound", Desc: "Command guest-exec has been disabled"}
	if got := s.bootFaults(t.Context(), time.Minute, refused); len(got) != 1 || got[0].Kind != result.CauseAgent {
		t.Errorf("got %+v", got)
	}
}

// If a run is interrupted while a host boots, the host's checks are canceled, not skipped.
func TestChecksOfAnInterruptedBoot(t *testing.T) {
	s := session{pool: &Pool{}, host: Host{Checks: []check.Check{{Name: "x"}}}}
	s.result.Phases = []Phase{{Phase: result.Phase{Name: result.PhaseBoot.Name(), Status: result.Canceled}}}
	s.runChecks(t.Context())
	if p := s.result.Phases[1]; p.Status != result.Canceled {
		t.Errorf("the check is %+v", p)
	}
}

// A guest can take away all permissions in the folder that it shares with this machine.
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

// A runner that this machine cannot run is not the host's fault.
func TestRunnersThatDoNotRun(t *testing.T) {
	pool := &Pool{Accel: &Accelerator{Wanted: AccelTCG}, Dir: t.TempDir(), Path: os.Getenv("PATH")}
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
			res := pool.Boot(t.Context(), Host{Name: "box", Runner: c.runner}, func(string, result.PhaseName) {})
			faults := res.faults()
			if len(faults) != 1 || faults[0].Kind != c.kind || !strings.HasPrefix(faults[0].Title, c.title) {
				t.Errorf("faults are %+v", faults[0])
			}
			if left, _ := os.ReadDir(pool.Dir); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// flakeci may not kill processes of another user, as after sudo, and does not wait for them.
func TestARunnerThatCannotBeKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		killed := false
		m := &machine{kill: func() { killed = true }, exited: make(chan struct{})}
		if m.stop(t.Context(), false) || !killed {
			t.Errorf("it has ended, or was not killed: %v", killed)
		}
		close(m.exited)
		if !m.stop(t.Context(), false) {
			t.Error("a runner that has exited is reported as running")
		}
	})
}
