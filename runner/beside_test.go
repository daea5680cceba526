package runner

import (
	"os/exec"
	"runtime"
	"syscall"
	"testing"
)

// Of what is beside the run only what has more than the run's own largest is ended, and
// while that is under way nothing else is.
func TestBesideIsEnded(t *testing.T) {
	cmd := exec.Command("sleep", "600")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var m Memory
	over := m.Beside(cmd.Process.Pid)
	has := m.taken()
	if has == 0 {
		t.Fatal("nothing is known of what it has")
	}
	if m.endLargest(has) {
		t.Error("one that has no more than others was ended")
	}
	if !m.endLargest(has-1) || !m.endLargest(1<<40) {
		t.Error("one that has most was not ended, or is not waited for")
	}
	_ = cmd.Wait() // it was killed
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Errorf("it ended by %v", cmd.ProcessState)
	}
	over()
	if m.taken() != 0 || m.endLargest(0) {
		t.Error("what is over still counts")
	}
}

// One look at all of them is enough, however many there were.
func TestBesideIsWatchedOnce(t *testing.T) {
	m := Memory{Total: 1 << 50}
	before := runtime.NumGoroutine()
	for range 100 {
		m.Beside(1)()
	}
	defer m.Beside(1)()
	if now := runtime.NumGoroutine(); now > before+10 {
		t.Errorf("%d goroutines, and %d before", now, before)
	}
}
