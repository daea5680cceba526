package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// daemonKey is where the daemon of a script is kept.
type daemonKey struct{}

// crash kills a process with all that descends from it: a nix-daemon has a process
// for each that it talks to, in a session of its own. Each is stopped before those below
// it are killed, else it would have time to say that its builder was.
func crash(pid int) {
	_ = syscall.Kill(pid, syscall.SIGSTOP)                              // it may be gone already
	below, _ := exec.Command("pgrep", "-P", strconv.Itoa(pid)).Output() // none is an error
	for _, child := range strings.Fields(string(below)) {
		if id, err := strconv.Atoi(child); err == nil {
			crash(id)
		}
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

// daemon starts a nix-daemon for the machine's store, which whatever follows is to
// use; $DAEMON is its process. "! daemon" ends it as if it had crashed, with all that it had started.
func daemon(ts *testscript.TestScript, neg bool, _ []string) {
	if neg {
		cmd, ok := ts.Value(daemonKey{}).(*exec.Cmd)
		if !ok || cmd.Process == nil {
			ts.Fatalf("there is no daemon")
		}
		crash(cmd.Process.Pid)
		return
	}
	if os.Geteuid() != 0 {
		ts.Fatalf("only root can be a daemon for the machine's store")
	}
	socket := filepath.Join(ts.Getenv("WORK"), "socket")
	cmd := exec.Command(ts.Getenv("FLAKECI_NIX"), "--extra-experimental-features", "nix-command", "daemon")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + ts.Getenv("HOME"), "NIX_CONFIG=" + ts.Getenv("NIX_CONFIG"), "NIX_DAEMON_SOCKET_PATH=" + socket}
	// As where systemd starts it. In the tests' process group, once stopped, it may get
	// SIGHUP when that group is orphaned.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	*ts.Value(daemonKey{}).(*exec.Cmd) = *cmd
	cmd = ts.Value(daemonKey{}).(*exec.Cmd)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		crash(cmd.Process.Pid)
		_ = cmd.Wait() // it was killed
	})
	for range 200 {
		if _, err := os.Stat(socket); err == nil {
			ts.Setenv("NIX_REMOTE", "daemon")
			ts.Setenv("NIX_DAEMON_SOCKET_PATH", socket)
			ts.Setenv("DAEMON", strconv.Itoa(cmd.Process.Pid))
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("the daemon does not come up")
}
