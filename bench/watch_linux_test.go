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

// between is the time between two samples of the tree.
const between = 10 * time.Millisecond

// watcher samples the tree below this process.
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

// stop ends the sampling and returns the result.
func (w *watcher) stop() usage {
	close(w.done)
	w.looked.Wait()
	for _, cpu := range w.helped {
		w.u.ownCPU += cpu
	}
	return w.u
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
		if p.forked {
			continue
		}
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

// builders counts the busyboxes that no other busybox started: each is the shell of one
// build.
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
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // the process may have ended
	_, rest, _ := bytes.Cut(text, []byte("VmHWM:"))
	kilobytes, _, _ := bytes.Cut(bytes.TrimSpace(rest), []byte(" "))
	n, _ := strconv.ParseInt(string(kilobytes), 10, 64)
	return n << 10
}

// processorTime returns the processor time of a process alone, finer than 10 ms while it
// lives. It also works for a process that has ended and is not reaped.
func processorTime(pid int) time.Duration {
	var sum int64
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, name := range threads {
		text, _ := os.ReadFile(name) // the thread may have ended
		nanoseconds, _, _ := bytes.Cut(text, []byte(" "))
		n, _ := strconv.ParseInt(string(nanoseconds), 10, 64)
		sum += n
	}
	return max(time.Duration(sum), lookAt(pid).cpu)
}
