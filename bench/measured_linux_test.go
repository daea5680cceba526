package bench_test

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/lanes"
)

// Functions for the measured scripts: they use CPU, or hold 150 MiB for two seconds. dd writes its
// first byte after reading everything; "hold a b.held" then makes a.held and waits for b.held,
// since on a busy machine two processes that start together are not ready together.
const (
	functions = `
hold() { dd if=/dev/zero bs=150M count=1 2>/dev/null | { head -c 1 >/dev/null; touch $1.held; shift; await "$@"; sleep 2; }; }
await() { for f; do until [ -e $f ]; do sleep .02; done; done; }
spin() { i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; }
`
	held = 150 << 20
)

func measured(t *testing.T, script string) usage {
	t.Helper()
	cmd := exec.Command("sh", "-c", functions+script)
	cmd.Dir = t.TempDir()
	return measure(t, filepath.Join(t.TempDir(), "log"), cmd)
}

func TestMeasureSeesTheWholeTree(t *testing.T) {
	lanes.Heavy(t, "takes some seconds")
	tests := []struct {
		name, script string
		peak         int64
	}{
		{"grandchild", `(hold a)`, held},
		{"two at once", `hold a b.held & hold b a.held; wait`, 2 * held},
		{"two in turn", `hold a; hold b`, held},
		// A process gives up its memory before its files, so it is gone when the pipe ends.
		{"orphan", `mkfifo pipe; ({ hold a; } >pipe &); cat pipe`, held},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := measured(t, tt.script+"; exit 3")
			if u.code != 3 || len(u.leftover) > 0 {
				t.Errorf("exit code %d, left running: %v", u.code, u.leftover)
			}
			if u.peak < tt.peak || u.peak > tt.peak+held/2 {
				t.Errorf("peak memory is %d MiB", u.peak>>20)
			}
			if u.otherLoad > 1 {
				t.Errorf("others took %.2f of the machine", u.otherLoad)
			}
			if u.ownPeak == 0 || u.ownPeak > held/2 {
				t.Errorf("of %s the shell has %d MiB", u, u.ownPeak>>20)
			}
		})
	}
}

func TestMeasureTellsOwnFromOthers(t *testing.T) {
	if u := measured(t, `spin; exit 0`); u.ownCPU < u.cpu/2 || u.cpu < 20*time.Millisecond {
		t.Errorf("own CPU is %v of %s", u.ownCPU, u)
	}
	// A shell's shell would be its own, as flakeci's supervisors are.
	if u := measured(t, `awk 'BEGIN { while (i < 3000000) i++ }'; exit 0`); u.ownCPU > u.cpu/2 || u.cpu < 20*time.Millisecond {
		t.Errorf("own CPU is %v of %s", u.ownCPU, u)
	}
}

func TestMeasureEndsWhatIsLeft(t *testing.T) {
	u := measured(t, `sleep 60 & until grep -qx sleep /proc/$!/comm; do :; done; exit 0`)
	if len(u.leftover) == 0 || u.leftover[0].name != "sleep" || u.wall > 30*time.Second {
		t.Errorf("after %v these were left: %v", u.wall, u.leftover)
	}
}
