package proc

import (
	"syscall"
	"time"
)

// Usage is what a process and those of its descendants that it waited for have
// used.
type Usage struct {
	// MaxRSS is the most memory in bytes that any single one of them had
	// resident. On Linux a program takes over the peak of the process that
	// started it, so it is never less than flakeci itself had at that moment.
	MaxRSS int64
	// User and System are the processor time spent in programs and in the kernel.
	User, System time.Duration
	// Wall is the time from start to the leader's end.
	Wall time.Duration
}

// usage reads what the kernel counted for the reaped process.
func (p *process) usage() Usage {
	state := p.cmd.ProcessState
	u := Usage{User: state.UserTime(), System: state.SystemTime(), Wall: p.wall}
	if r, ok := state.SysUsage().(*syscall.Rusage); ok {
		u.MaxRSS = r.Maxrss * rssUnit
	}
	return u
}
