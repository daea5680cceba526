package evalpool

import (
	"cmp"
	"fmt"
	"math"
	"os"

	"github.com/dustin/go-humanize"

	"github.com/flakeci/flakeci/internal/memory"
	"github.com/flakeci/flakeci/result"
)

// budget is the memory that evaluation may use, and what cells were seen to need. All sizes
// are in bytes.
type budget struct {
	total int64 // 0 means no limit
	own   int64 // what flakeci itself and auxiliary processes used at the last measurement
	// first is the most that a process used after its first cell, further the most that
	// it grew by with another cell. 0 means unknown.
	first, further int64
	// single means that one process is running alone on purpose, with all of the budget.
	single bool
}

// unknownCell is the assumed need of a cell before any was measured: a small host.
const unknownCell = 512 << 20

// measure updates what flakeci itself and the auxiliary processes use.
func (b *budget) measure(m *Memory) { b.own = memory.Resident(os.Getpid()) + m.resident() }

// processes returns how many processes may run at once, at least one.
func (b *budget) processes(jobs int) int {
	if b.total == 0 {
		return jobs
	}
	return int(max(min(int64(jobs), (b.total-b.own)/cmp.Or(b.first, unknownCell)), 1))
}

// minShare is how much a process may use, however much memory there is, unless three cells that
// share nothing need more. At that size, cells have gained most of what they can gain from each
// other, and fresh memory is slow to get.
const minShare = 1 << 30

// share returns what each process may use.
func (b *budget) share(jobs int) int64 {
	most := max(minShare, 3*b.first)
	if b.total == 0 {
		return most
	}
	return min(most, (b.total-b.own)/int64(b.processes(jobs)))
}

// keepsGarbage reports whether there is enough room for a process to skip garbage collection.
// For a single cell that gains nothing.
func (b *budget) keepsGarbage(jobs int) bool {
	return b.share(jobs) >= 3*max(b.first, unknownCell/2)
}

// cells estimates how many cells a process can evaluate within its share.
func (b *budget) cells(jobs int) int {
	if b.first == 0 {
		return math.MaxInt
	}
	return 1 + int(max(b.share(jobs)-b.first, 0)/cmp.Or(b.further, b.first))
}

// fitsAnother reports whether a process of this size may take another cell.
func (b *budget) fitsAnother(jobs int, has int64) bool {
	return has+cmp.Or(b.further, b.first) <= b.share(jobs)
}

// learn notes the size of a process after a cell.
func (b *budget) learn(w *process, has int64) {
	if w.current == 0 {
		b.first = max(b.first, has)
		return
	}
	b.further = max(has-w.memoryBefore, b.further, 1)
}

// headroom is what two processes may allocate between two measurements, and until a killed
// process has returned its memory: some 50 milliseconds.
const headroom = 48 << 20

// exceeded reports whether this is more than the budget, or about to become more.
func (b *budget) exceeded(all int64) bool {
	return b.total > 0 && all > b.total-max(b.total/32, min(headroom, b.total/8))
}

// MemoryError says that evaluating a cell needs more memory than there is. Peak is what its
// process used at the end, Budget what it was allowed, in bytes; 0 means no limit.
type MemoryError struct {
	Peak, Budget int64
	// Killed means that the kernel killed the process, and Refused that the kernel gave it
	// no more memory, before it reached the budget.
	Killed, Refused bool
}

// Cause returns the cause of a cell that ran out of memory.
func (e *MemoryError) Cause() *result.Cause {
	c := &result.Cause{
		Kind: result.CauseMemory, Title: "evaluation " + e.Error(), Message: e.Error(),
		Hint: "it was tried again with nothing else running; give evaluation more with --eval-memory, or use a larger machine",
	}
	switch {
	case e.Killed:
		c.Message += "; the kernel killed the evaluator"
		c.Hint = "it was tried again with nothing else running; use a machine with more memory, or add swap"
	case e.Refused:
		c.Message += "; the evaluator could not get more"
		c.Hint = "it was tried again with nothing else running; use a machine with more memory, or a higher limit (ulimit -v)"
	}
	c.Key = result.NewCauseKey(c.Kind, c.Hint) // the message has the peak, which differs each time
	return c
}

// Error says how much memory was too little.
func (e *MemoryError) Error() string {
	if e.Budget == 0 {
		return "out of memory"
	}
	return fmt.Sprintf("out of memory, %s of %s", humanize.IBytes(uint64(e.Peak)), humanize.IBytes(uint64(e.Budget)))
}
