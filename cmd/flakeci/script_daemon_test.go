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

// daemonKey is the key of a script's daemon.
type daemonKey struct{}

// endWithDescendants kills a process with its descendants: a nix-daemon has a process for each client, in
// its own session. It stops each process before it kills those below: otherwise the process
// could still report that its builder was killed.
func endWithDescendants(pid int) {
	_ = syscall.Kill(pid, syscall.SIGSTOP)                              // it may have ended
	below, _ := exec.Command("pgrep", "-P", strconv.Itoa(pid)).Output() // fails if there are none
	for _, child := range strings.Fields(string(below)) {
		if id, err := strconv.Atoi(child); err == nil {
			endWithDescendants(id)
		}
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

// daemon starts a nix-daemon for the machine's store, which the rest of the script uses;
// $DAEMON is its process ID. "! daemon" kills it with all its children.
func daemon(ts *testscript.TestScript, neg bool, _ []string) {
	if neg {
		cmd, ok := ts.Value(daemonKey{}).(*exec.Cmd)
		if !ok || cmd.Process == nil {
			ts.Fatalf("there is no daemon")
		}
		endWithDescendants(cmd.Process.Pid)
		return
	}
	if os.Geteuid() != 0 {
		ts.Fatalf("only root can be a daemon for the machine's store")
	}
	socket := filepath.Join(ts.Getenv("WORK"), "socket")
	cmd := exec.Command(ts.Getenv("FLAKECI_NIX"), "--extra-experimental-features", "nix-command", "daemon")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + ts.Getenv("HOME"), "NIX_CONFIG=" + ts.Getenv("NIX_CONFIG"), "NIX_DAEMON_SOCKET_PATH=" + socket}
	// As under systemd. A stopped daemon in the tests' process group may get SIGHUP when that
	// group is orphaned.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	*ts.Value(daemonKey{}).(*exec.Cmd) = *cmd
	cmd = ts.Value(daemonKey{}).(*exec.Cmd)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		endWithDescendants(cmd.Process.Pid)
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
	ts.Fatalf("the daemon does not start")
}
