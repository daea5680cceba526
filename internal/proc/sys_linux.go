package proc

import "syscall"

// rssUnit is the bytes in which the kernel counts resident memory.
const rssUnit = 1024

// groupAttr makes the child the leader of a new process group and has the
// kernel kill it when the thread that started it ends, see [Cmd.Run].
func groupAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
