package proc

import (
	"os"
	"syscall"
	"time"
)

// Usage is what a process and the descendants that it waited for have used.
type Usage struct {
	// MaxRSS is the largest resident memory of a single one of them, in bytes. On Linux a
	// program inherits the peak of the process that started it, so it is at least what flakeci
	// had at that moment, or its supervisor, which has a few MiB.
	MaxRSS int64
	// User and System are the processor time spent in programs and in the kernel.
	User, System time.Duration
	// Wall is the time from the start to the leader's end.
	Wall time.Duration
}

// newOutcome returns the kernel's data about a child that was reaped.
func newOutcome(state *os.ProcessState, wall time.Duration) outcome {
	var o outcome
	o.Status, _ = state.Sys().(syscall.WaitStatus)
	if r, ok := state.SysUsage().(*syscall.Rusage); ok {
		o.Usage = usageOf(r)
	}
	o.Usage.Wall = wall
	return o
}

func usageOf(r *syscall.Rusage) Usage {
	return Usage{
		MaxRSS: r.Maxrss * rssUnit,
		User:   time.Duration(r.Utime.Nano()),
		System: time.Duration(r.Stime.Nano()),
	}
}
