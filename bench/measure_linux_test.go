package bench_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// usage is what one run of a command used. Memory is in bytes.
type usage struct {
	wall time.Duration
	// cpu is the processor time of the command and all its descendants.
	cpu time.Duration
	// peak is the largest resident memory of the whole tree.
	peak int64
	// ownCPU and ownPeak are for the command's own program: flakeci with its supervisors, without
	// the other programs that it starts.
	ownCPU  time.Duration
	ownPeak int64
	// builds is the largest number of parallel builds.
	builds int
	code   int // exit code
	// otherLoad is the share of the machine that unrelated programs used meanwhile.
	otherLoad float64
	// leftover lists the processes that outlived the command; they were killed.
	leftover []process
}

// measure runs a command with its output in a file. Start nothing else meanwhile: all descendants
// of this process count as the command's.
func measure(tb testing.TB, log string, cmd *exec.Cmd) usage {
	tb.Helper()
	// This process adopts orphans of the tree, and so sees them.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		tb.Fatal(err)
	}
	out, err := os.Create(log)
	if err != nil {
		tb.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	// The command gets the death signal when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}

	before, busyBefore := waitedFor(tb), busy(tb)
	start := time.Now()
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	watched := watch(cmd.Process.Pid)
	// Before it is reaped, the kernel still reports its own usage.
	for {
		err = unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	wall := time.Since(start)
	u := watched.stop()
	u.wall = wall
	if err != nil {
		tb.Fatal(err)
	}
	u.ownCPU += processorTime(cmd.Process.Pid)
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		tb.Fatal(err)
	}
	u.code = cmd.ProcessState.ExitCode()
	u.leftover = sweep()
	u.cpu = waitedFor(tb) - before
	taken := busy(tb) - busyBefore - u.cpu
	u.otherLoad = max(0, taken.Seconds()/time.Since(start).Seconds()/float64(runtime.NumCPU()))
	return u
}

// sweep kills the rest of the tree and waits for it. A process without memory has been killed
// already and is exiting, which takes a while if it had much.
func sweep() (left []process) {
	for {
		if pid, _ := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid > 0 {
			continue
		}
		running := tree(os.Getpid())
		if len(running) == 0 {
			return left
		}
		for _, p := range running {
			if p.rss > 0 && syscall.Kill(p.pid, syscall.SIGKILL) == nil {
				left = append(left, p)
			}
		}
		time.Sleep(interval)
	}
}

// waitedFor returns the processor time of all reaped children, and of the descendants that those
// reaped.
func waitedFor(tb testing.TB) time.Duration {
	tb.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &r); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// busy returns the time that the machine's processors were not idle, including time stolen by
// other virtual machines.
func busy(tb testing.TB) time.Duration {
	tb.Helper()
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		tb.Fatal(err)
	}
	var user, nice, system, idle, wait, irq, soft, steal int64
	if _, err := fmt.Sscanf(string(text), "cpu %d %d %d %d %d %d %d %d", &user, &nice, &system, &idle, &wait, &irq, &soft, &steal); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(user+nice+system+irq+soft+steal) * tick
}
