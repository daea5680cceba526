package proc

import (
	"errors"
	"syscall"
	"unsafe"
)

// awaitExit waits for a child's end without reaping it: it stays a zombie, and its process id
// reserved. os.Process.Wait does this internally, but the standard library does not export it.
// The only possible error is that there is no such child.
func awaitExit(pid int) {
	const byPid = 1       // P_PID, the same on Linux and Darwin
	var siginfo [128]byte // at least as large as siginfo_t is anywhere
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, byPid, uintptr(pid),
			uintptr(unsafe.Pointer(&siginfo)), syscall.WEXITED|syscall.WNOWAIT, 0, 0)
		if !errors.Is(errno, syscall.EINTR) {
			return
		}
	}
}
