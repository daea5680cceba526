package vmtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flakeci/flakeci/vmtest/guestagent"
)

// A QEMU that is killed takes the connection with it at once, and is known to be
// gone a moment later.
func TestFateOfALostConnection(t *testing.T) {
	lost := fmt.Errorf("exec: %w", guestagent.ErrClosed)
	synctest.Test(t, func(t *testing.T) {
		alive, fail := context.WithCancelCause(t.Context())
		killed := &Fault{Kind: KindInfra, Title: "QEMU was killed"}
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
		if got := b.notUp(t.Context(), time.Minute, lost); len(got) != 1 || got[0].Kind != KindAgent {
			t.Errorf("a guest whose agent is gone: %+v", got)
		}
	})
}

// An agent that refuses is not one that was too slow.
func TestAnAgentThatRefuses(t *testing.T) {
	b := booting{lab: &Lab{}}
	refused := &guestagent.Error{Class: "CommandNotFound", Desc: "Command guest-exec has been disabled"}
	if got := b.notUp(t.Context(), time.Minute, refused); len(got) != 1 || got[0].Kind != KindAgent {
		t.Errorf("got %+v", got)
	}
}

// A run that is interrupted while a host boots skips nothing: it never came to it.
func TestChecksOfAnInterruptedBoot(t *testing.T) {
	b := booting{lab: &Lab{}, host: Host{Checks: []Check{{Name: "x"}}}}
	b.result.Phases = []Phase{{Name: PhaseBoot, Canceled: true}}
	b.checks(t.Context())
	if p := b.result.Phases[1]; !p.Canceled || p.Skipped {
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
