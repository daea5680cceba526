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
	// cpu is the processor time of the command and everything it started.
	cpu time.Duration
	// peak is the most that the whole tree had resident at one moment.
	peak int64
	// own is the share of the command's own program: flakeci and its supervisors, without
	// the other programs that it started.
	ownCPU  time.Duration
	ownPeak int64
	// builds is the most builds that ran at one moment.
	builds int
	code   int // exit code
	// others is the share of the machine that other programs took meanwhile.
	others float64
	// left lists what was still running when the command had ended, and has been killed.
	left []process
}

// measure runs a command to its end, with its output in a file. Start nothing else
// meanwhile: every descendant of this process counts as the command's.
func measure(tb testing.TB, log string, cmd *exec.Cmd) usage {
	tb.Helper()
	// Orphans of the tree become children of this process, so tree sees them.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		tb.Fatal(err)
	}
	out, err := os.Create(log)
	if err != nil {
		tb.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	// The death signal comes when the thread that started the command ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}

	before, busyBefore := waitedFor(tb), busy(tb)
	start := time.Now()
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	watched := watch(cmd.Process.Pid)
	// As long as it is not reaped, the kernel still shows what it used by itself.
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
	u.left = sweep()
	u.cpu = waitedFor(tb) - before
	taken := busy(tb) - busyBefore - u.cpu
	u.others = max(0, taken.Seconds()/time.Since(start).Seconds()/float64(runtime.NumCPU()))
	return u
}

// sweep kills what is left of the tree and waits for it. A process without memory has been
// killed and is exiting, which takes a while if it had much.
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
		time.Sleep(between)
	}
}

// waitedFor returns the processor time of all children that were waited for, and of the
// children that they waited for.
func waitedFor(tb testing.TB) time.Duration {
	tb.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &r); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// busy returns how long the processors of the machine were not idle, including time that
// other virtual machines took from it.
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
