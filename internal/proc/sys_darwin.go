package proc

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// The questions about a terminal's settings.
const (
	getTermios = unix.TIOCGETA
	setTermios = unix.TIOCSETAW
)

// executable is the path of this program.
func executable() (string, error) { return os.Executable() }

// rssUnit is the bytes in which the kernel counts resident memory.
const rssUnit = 1

// groupAttr makes the child the leader of a new session, and so of a process group.
// There is no parent-death signal here.
func groupAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true}
}

// Nobody adopts orphans here but launchd, so there is no supervisor.
func startSupervised(program *exec.Cmd) (leader, error) { return startDirect(program) }

// No orphan comes to this process.

func startChild(cmd *exec.Cmd) error { return cmd.Start() }

func forgetChild(*exec.Cmd) {}
