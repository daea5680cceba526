package proc

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// The ioctls for a terminal's settings.
const (
	getTermios = unix.TCGETS
	setTermios = unix.TCSETSW
)

// executable returns the path of this program. By now there may be another version at
// [os.Executable].
func executable() (string, error) { return "/proc/self/exe", nil }

// rssUnit is the kernel's unit of resident memory, in bytes.
const rssUnit = 1024

// groupAttr makes the child the leader of a new session, and so of a process group. The kernel
// kills it when the thread that started it ends, see [Cmd.Run].
func groupAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}
