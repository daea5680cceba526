package proc

import "syscall"

// rssUnit is the bytes in which the kernel counts resident memory.
const rssUnit = 1

// groupAttr makes the child the leader of a new process group. There is no
// parent-death signal here.
func groupAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
