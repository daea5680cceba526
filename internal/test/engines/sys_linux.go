package engines

import "syscall"

// endWithTest makes a process end with the test, even one that is killed.
func endWithTest() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
