package proc

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// The ioctls for a terminal's settings.
const (
	getTermios = unix.TIOCGETA
	setTermios = unix.TIOCSETAW
)

// executable returns the path of this program.
func executable() (string, error) { return os.Executable() }

// rssUnit is the kernel's unit of resident memory, in bytes.
const rssUnit = 1

// groupAttr makes the child the leader of a new session, and so of a process group. macOS has
// no parent-death signal.
func groupAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true}
}

// On macOS only launchd adopts orphans, so there is no supervisor.
func startSupervised(program *exec.Cmd) (leader, error) { return startDirect(program) }

func startChild(cmd *exec.Cmd) error { return cmd.Start() }

func forgetChild(*exec.Cmd) {}
