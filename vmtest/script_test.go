package vmtest

import (
	"slices"
	"strings"
	"testing"
)

// An emulated kernel must not test its timer: on a busy machine it panics.
func TestTimerIsNotCheckedWhenEmulated(t *testing.T) {
	for _, c := range []struct {
		accel   Accel
		console string
		want    bool
	}{{AccelTCG, "ttyS0", true}, {AccelKVM, "ttyS0", false}, {AccelTCG, "ttyAMA0", false}} {
		m := &machine{accel: c.accel, console: c.console}
		env := m.environment(&Pool{}, nil)
		got := slices.ContainsFunc(env, func(v string) bool {
			params, found := strings.CutPrefix(v, "QEMU_KERNEL_PARAMS=")
			return found && slices.Contains(strings.Fields(params), "no_timer_check")
		})
		if got != c.want {
			t.Errorf("%s on %s: no_timer_check is %t, want %t", c.accel, c.console, got, c.want)
		}
	}
}
