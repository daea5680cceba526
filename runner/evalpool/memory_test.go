package evalpool

import (
	"os/exec"
	"runtime"
	"syscall"
	"testing"
)

// Only an auxiliary process that is larger than the pool's largest is killed, and only one
// at a time.
func TestLargestAuxiliaryIsKilled(t *testing.T) {
	cmd := exec.Command("sleep", "600")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var m Memory
	over := m.Auxiliary(cmd.Process.Pid)
	has := m.resident()
	if has == 0 {
		t.Fatal("its size is unknown")
	}
	if m.killLargest(has) {
		t.Error("one that is no larger was killed")
	}
	if !m.killLargest(has-1) || !m.killLargest(1<<40) {
		t.Error("the largest was not killed, or its end is not awaited")
	}
	_ = cmd.Wait() // it was killed
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Errorf("it ended by %v", cmd.ProcessState)
	}
	over()
	if m.resident() != 0 || m.killLargest(0) {
		t.Error("one that is over still counts")
	}
}

// One goroutine watches all of them, however many there were.
func TestAuxiliariesAreWatchedOnce(t *testing.T) {
	m := Memory{Total: 1 << 50}
	before := runtime.NumGoroutine()
	for range 100 {
		m.Auxiliary(1)()
	}
	defer m.Auxiliary(1)()
	if now := runtime.NumGoroutine(); now > before+10 {
		t.Errorf("%d goroutines, and %d before", now, before)
	}
}
