package evalpool

import (
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/flakeci/flakeci/internal/memory"
	"github.com/flakeci/flakeci/internal/safely"
)

// Memory is what all evaluation may use. The pool watches the processes that evaluate cells;
// auxiliary ones, such as `nix flake show`, which forces every package, are registered here.
// The zero value is no limit.
type Memory struct {
	// Total is in bytes and includes flakeci's own memory; 0 means no limit.
	Total int64

	mu        sync.Mutex
	auxiliary []*auxiliary
	watched   bool
}

// auxiliary is a process that evaluates besides those of the pool.
type auxiliary struct {
	pid      int
	resident int64 // in bytes, at the last measurement
	killed   bool  // for the memory it used
}

// Auxiliary registers a process until over is called. It fits nix.Options.Auxiliary.
func (m *Memory) Auxiliary(pid int) (over func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := &auxiliary{pid: pid}
	m.auxiliary = append(m.auxiliary, a)
	if !m.watched && m.Total > 0 {
		m.watched = true
		safely.Go(m.watch)
	}
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.auxiliary = slices.DeleteFunc(m.auxiliary, func(other *auxiliary) bool { return other == a })
	}
}

// watch kills auxiliary processes that use too much by themselves. The pool watches what they use
// together with its own processes.
func (m *Memory) watch() {
	for {
		time.Sleep(watchOften)
		own := memory.Resident(os.Getpid())
		m.mu.Lock()
		if len(m.auxiliary) == 0 {
			m.watched = false
			m.mu.Unlock()
			return
		}
		m.mu.Unlock()
		if b := (budget{total: m.Total}); b.exceeded(own + m.resident()) {
			m.killLargest(0)
		}
	}
}

// resident returns what the auxiliary processes use, in bytes.
func (m *Memory) resident() (all int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.auxiliary {
		if has := memory.Resident(a.pid); has > 0 {
			a.resident = has
			all += has
		}
	}
	return all
}

// killLargest kills the largest auxiliary process if it is larger than the given size. It
// reports whether there is one, or one is dying already.
func (m *Memory) killLargest(most int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	var largest *auxiliary
	for _, a := range m.auxiliary {
		if a.killed {
			return true // its memory is about to be freed
		}
		if a.resident > most {
			largest, most = a, a.resident
		}
	}
	if largest == nil {
		return false
	}
	largest.killed = true
	_ = syscall.Kill(-largest.pid, syscall.SIGKILL) // with its group; it may just have ended
	return true
}
