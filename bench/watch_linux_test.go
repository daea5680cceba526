package bench_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// interval is the time from one look at the tree to the next.
const interval = 10 * time.Millisecond

// watcher looks at the tree below this process again and again.
type watcher struct {
	main      int
	name      string // of the main program
	done      chan struct{}
	sampling  sync.WaitGroup
	u         usage
	helperCPU map[int]time.Duration // processor time of the main program's other processes
}

func watch(pid int) *watcher {
	w := &watcher{main: pid, done: make(chan struct{}), helperCPU: map[int]time.Duration{}}
	w.sampling.Go(func() {
		ticks := time.NewTicker(interval)
		defer ticks.Stop()
		for {
			w.sample()
			select {
			case <-w.done:
				return
			case <-ticks.C:
			}
		}
	})
	return w
}

// stop ends the watch and gives what was seen.
func (w *watcher) stop() usage {
	close(w.done)
	w.sampling.Wait()
	for _, cpu := range w.helperCPU {
		w.u.ownCPU += cpu
	}
	return w.u
}

func (w *watcher) sample() {
	all := tree(os.Getpid())
	var sum, own int64
	for _, p := range all {
		if p.pid == w.main {
			w.name = p.name
		}
	}
	for _, p := range all {
		if p.forked {
			continue
		}
		sum += p.rss
		switch {
		case p.pid == w.main:
			own += max(p.rss, highWater(p.pid))
		case p.name == w.name:
			own += p.rss
			w.helperCPU[p.pid] = processorTime(p.pid)
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
		if p.name == "busybox" && !p.forked {
			shells[p.pid] = true
		}
	}
	n := 0
	for _, p := range tree {
		if shells[p.pid] && !shells[p.parent] {
			n++
		}
	}
	return n
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
	return max(time.Duration(sum), readProcess(pid).cpu)
}
