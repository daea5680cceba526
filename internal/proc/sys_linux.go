package proc

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// The questions about a terminal's settings.
const (
	getTermios = unix.TCGETS
	setTermios = unix.TCSETSW
)

// executable is the path of this program. At [os.Executable]'s another version may
// be by now.
func executable() (string, error) { return "/proc/self/exe", nil }

// rssUnit is the bytes in which the kernel counts resident memory.
const rssUnit = 1024

// groupAttr makes the child the leader of a new session, and so of a process group,
// and has the kernel kill it when the thread that started it ends, see [Cmd.Run].
func groupAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}
