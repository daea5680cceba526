package runner

import (
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/flakeci/flakeci/internal/memory"
	"github.com/flakeci/flakeci/internal/safely"
)

// Memory is what all evaluation may take. Cells are evaluated by processes that the
// run itself looks after; beside them there is `nix flake show`, which forces every
// package. The zero value is no limit.
type Memory struct {
	// Total is in bytes, flakeci's own memory included; 0 is no limit.
	Total int64

	mu      sync.Mutex
	beside  []*aside
	watched bool
}

// aside is a process beside those of the run.
type aside struct {
	pid   int
	has   int64 // in bytes, when it was looked at last
	ended bool  // for what it took
}

// Beside takes in such a process until it is over; it fits [nix.Options].
func (m *Memory) Beside(pid int) (over func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := &aside{pid: pid}
	m.beside = append(m.beside, a)
	if !m.watched && m.Total > 0 {
		m.watched = true
		safely.Go(m.watch)
	}
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.beside = slices.DeleteFunc(m.beside, func(other *aside) bool { return other == a })
	}
}

// watch ends processes that take too much all by themselves. What they take together
// with the evaluators of a run, those see to.
func (m *Memory) watch() {
	for {
		time.Sleep(watchOften)
		own := memory.Resident(os.Getpid())
		m.mu.Lock()
		if len(m.beside) == 0 {
			m.watched = false
			m.mu.Unlock()
			return
		}
		m.mu.Unlock()
		if b := (budget{total: m.Total}); b.exceeded(own + m.taken()) {
			m.endLargest(0)
		}
	}
}

// taken is what those processes have in memory.
func (m *Memory) taken() (all int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.beside {
		if has := memory.Resident(a.pid); has > 0 {
			a.has = has
			all += has
		}
	}
	return all
}

// endLargest ends the process that has most, if that is more than so much, and says
// whether there was one, or one is about to end.
func (m *Memory) endLargest(most int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	var largest *aside
	for _, a := range m.beside {
		if a.ended {
			return true // its memory is about to be free
		}
		if a.has > most {
			largest, most = a, a.has
		}
	}
	if largest == nil {
		return false
	}
	largest.ended = true
	_ = syscall.Kill(-largest.pid, syscall.SIGKILL) // with its group; it may have just ended
	return true
}
