//go:build !linux

package engines

import "syscall"

// endWithTest has no use where no engine starts.
func endWithTest() *syscall.SysProcAttr { return nil }
