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

// interval is the time between two samples of the tree.
const interval = 10 * time.Millisecond

// watcher samples the tree below this process repeatedly.
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

// stop ends the watch and returns the usage.
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

// builders counts the busyboxes whose parent is no busybox: each is the shell of a build.
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

// highWater returns the peak resident memory of a process in bytes.
func highWater(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // it may have ended
	_, rest, _ := bytes.Cut(text, []byte("VmHWM:"))
	kilobytes, _, _ := bytes.Cut(bytes.TrimSpace(rest), []byte(" "))
	n, _ := strconv.ParseInt(string(kilobytes), 10, 64)
	return n << 10
}

// processorTime returns the processor time of a process without its children, more precisely than
// 10 ms while it runs. It also works for one that has ended and is not reaped.
func processorTime(pid int) time.Duration {
	var sum int64
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, name := range threads {
		text, _ := os.ReadFile(name) // the thread may have ended
		nanoseconds, _, _ := bytes.Cut(text, []byte(" "))
		n, _ := strconv.ParseInt(string(nanoseconds), 10, 64)
		sum += n
	}
	return max(time.Duration(sum), readProcess(pid).cpu)
}
