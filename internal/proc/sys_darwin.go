package proc

import (
	"os/exec"
	"syscall"
)

// rssUnit is the bytes in which the kernel counts resident memory.
const rssUnit = 1

// groupAttr makes the child the leader of a new process group. There is no
// parent-death signal here.
func groupAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// Supervise is never asked here: nobody adopts orphans but launchd.
func Supervise([]string) (code int, asked bool) { return 0, false }

func startSupervised(program *exec.Cmd) (leader, error) { return startDirect(program) }
