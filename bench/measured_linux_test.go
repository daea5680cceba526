package bench_test

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// What the measured scripts do: take 150 MiB for so many seconds, and use CPU.
const (
	functions = `
hold() { dd if=/dev/zero bs=150M count=1 2>/dev/null | { sleep $1; cat >/dev/null; }; }
spin() { i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; }
`
	held = 150 << 20
)

func measured(t *testing.T, script string) usage {
	t.Helper()
	return measure(t, filepath.Join(t.TempDir(), "log"), exec.Command("sh", "-c", functions+script))
}

func TestMeasureSeesTheWholeTree(t *testing.T) {
	tests := []struct {
		name, script string
		peak         int64
	}{
		{"grandchild", `(hold .2)`, held},
		{"two at once", `hold 1 & hold 1; wait`, 2 * held},
		{"two in turn", `hold .2; hold .2`, held},
		{"orphan", `(hold .2 &); sleep .7`, held},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := measured(t, tt.script+"; exit 3")
			if u.code != 3 || len(u.left) > 0 {
				t.Errorf("exit code %d, left running: %v", u.code, u.left)
			}
			if u.peak < tt.peak || u.peak > tt.peak+held/2 {
				t.Errorf("peak memory is %d MiB", u.peak>>20)
			}
			if u.others > 1 {
				t.Errorf("others took %.2f of the machine", u.others)
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
	if len(u.left) == 0 || u.left[0].name != "sleep" || u.wall > 30*time.Second {
		t.Errorf("after %v these were left: %v", u.wall, u.left)
	}
}
