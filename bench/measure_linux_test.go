package bench_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// usage is what one run of a command took. Memory is in bytes.
type usage struct {
	wall time.Duration
	// cpu is all that was used by the command and what it started.
	cpu time.Duration
	// peak is the most that the whole tree had resident at one moment.
	peak int64
	// own is the part of the command's own program, without what else it started:
	// flakeci's, with the supervisors that it starts of itself.
	ownCPU  time.Duration
	ownPeak int64
	// builds is the most builds that ran at one moment.
	builds int
	code   int // exit code
	// left is what was still running when the command had ended. It no longer does.
	left []process
}

// between is the time from one look at the tree to the next.
const between = 10 * time.Millisecond

// measure runs a command to its end, with its output in a file. Nothing else may be
// started meanwhile: all that descends from this process counts as the command's.
func measure(tb testing.TB, log string, cmd *exec.Cmd) usage {
	tb.Helper()
	// Orphans of the tree become children of this process, and so are seen.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		tb.Fatal(err)
	}
	out, err := os.Create(log)
	if err != nil {
		tb.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	// The death signal comes when the thread ends that started the command.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}

	before := waitedFor(tb)
	start := time.Now()
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	watched := watch(cmd.Process.Pid)
	// Not reaped yet, it still tells what it used by itself.
	for {
		err = unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	u := watched.stop()
	u.wall = time.Since(start)
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
	return u
}

// sweep ends what is left of the tree, and waits for it. What has no memory any more has
// been killed and is on its way out, which takes a while where there was much.
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

// waitedFor is the processor time of all children that have been waited for, and
// of those that they waited for.
func waitedFor(tb testing.TB) time.Duration {
	tb.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &r); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// watcher looks at the tree below this process again and again.
type watcher struct {
	main   int
	name   string // of the main program
	done   chan struct{}
	looked sync.WaitGroup
	u      usage
	helped map[int]time.Duration // processor time of the main program's other processes
}

func watch(pid int) *watcher {
	w := &watcher{main: pid, done: make(chan struct{}), helped: map[int]time.Duration{}}
	w.looked.Go(func() {
		ticks := time.NewTicker(between)
		defer ticks.Stop()
		for {
			w.look()
			select {
			case <-w.done:
				return
			case <-ticks.C:
			}
		}
	})
	return w
}

func (w *watcher) look() {
	all := tree(os.Getpid())
	var sum, own int64
	for _, p := range all {
		if p.pid == w.main {
			w.name = p.name
		}
	}
	for _, p := range all {
		sum += p.rss
		switch {
		case p.pid == w.main:
			own += max(p.rss, highWater(p.pid))
		case p.name == w.name:
			own += p.rss
			w.helped[p.pid] = processorTime(p.pid)
		}
	}
	w.u.builds = max(w.u.builds, builders(all))
	w.u.peak, w.u.ownPeak = max(w.u.peak, sum), max(w.u.ownPeak, own)
}

// builders counts the busyboxes that were not started by another: each is the shell
// of one build.
func builders(tree []process) int {
	shells := map[int]bool{}
	for _, p := range tree {
		if p.name == "busybox" {
			shells[p.pid] = true
		}
	}
	n := 0
	for _, p := range tree {
		if p.name == "busybox" && !shells[p.parent] {
			n++
		}
	}
	return n
}

// stop ends the watch and gives what was seen.
func (w *watcher) stop() usage {
	close(w.done)
	w.looked.Wait()
	for _, cpu := range w.helped {
		w.u.ownCPU += cpu
	}
	return w.u
}

// highWater is the most memory in bytes that a process has had resident.
func highWater(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // it may be gone
	_, rest, _ := bytes.Cut(text, []byte("VmHWM:"))
	kilobytes, _, _ := bytes.Cut(bytes.TrimSpace(rest), []byte(" "))
	n, _ := strconv.ParseInt(string(kilobytes), 10, 64)
	return n << 10
}

// processorTime is what a process has used by itself, finer than 10 ms while it lives.
// One that has ended and is not reaped says it too.
func processorTime(pid int) time.Duration {
	var sum int64
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, name := range threads {
		text, _ := os.ReadFile(name) // the thread may be gone
		nanoseconds, _, _ := bytes.Cut(text, []byte(" "))
		n, _ := strconv.ParseInt(string(nanoseconds), 10, 64)
		sum += n
	}
	return max(time.Duration(sum), lookAt(pid).cpu)
}
