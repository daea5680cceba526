package runner

import (
	"cmp"
	"fmt"
	"math"
	"os"

	"github.com/dustin/go-humanize"

	"github.com/flakeci/flakeci/internal/memory"
	"github.com/flakeci/flakeci/result"
)

// budget is the memory that evaluation may take, all of it in bytes, and what was
// seen of how much cells need.
type budget struct {
	total int64 // 0 is no limit
	own   int64 // what of it was not for cells when it was measured last: flakeci's own
	// first is the most that a process had after the first of its cells, further
	// by how much it grew at most with another. 0 is not known yet.
	first, further int64
	// single says that the process at work has all of it to itself, on purpose.
	single bool
}

// unknownCell is what a cell is taken to need before any is known: a small host.
const unknownCell = 512 << 20

// measure looks at what flakeci itself has, and what looks into flakes beside it.
func (b *budget) measure(m *Memory) { b.own = memory.Resident(os.Getpid()) + m.taken() }

// processes is how many there may be at once, at least one.
func (b *budget) processes(jobs int) int {
	if b.total == 0 {
		return jobs
	}
	return int(max(min(int64(jobs), (b.total-b.own)/cmp.Or(b.first, unknownCell)), 1))
}

// enough is what a process may have however much there is, as long as that is not
// too little for three cells that share nothing: by then most is gained that cells
// gain of one another, and memory that was never used before is slow to get.
const enough = 1 << 30

// share is what each of them may have.
func (b *budget) share(jobs int) int64 {
	most := max(enough, 3*b.first)
	if b.total == 0 {
		return most
	}
	return min(most, (b.total-b.own)/int64(b.processes(jobs)))
}

// keepsGarbage says whether there is room enough for a process not to collect its
// garbage. For a single cell that gains nothing.
func (b *budget) keepsGarbage(jobs int) bool {
	return b.share(jobs) >= 3*max(b.first, unknownCell/2)
}

// cells is how many a process may take until it has its share, as far as is known.
func (b *budget) cells(jobs int) int {
	if b.first == 0 {
		return math.MaxInt
	}
	return 1 + int(max(b.share(jobs)-b.first, 0)/cmp.Or(b.further, b.first))
}

// goesOn says whether a process that has so much may take another cell.
func (b *budget) goesOn(jobs int, has int64) bool {
	return has+cmp.Or(b.further, b.first) <= b.share(jobs)
}

// learn takes in what a process has after a cell.
func (b *budget) learn(w *evaluator, has int64) {
	if w.hand == 0 {
		b.first = max(b.first, has)
		return
	}
	b.further = max(has-w.before, b.further, 1)
}

// meanwhile is what may be taken between two looks, and until a process that was killed
// has given all back: some 50 milliseconds of two evaluators.
const meanwhile = 48 << 20

// exceeded says whether so much is too much, or about to be.
func (b *budget) exceeded(all int64) bool {
	return b.total > 0 && all > b.total-max(b.total/32, min(meanwhile, b.total/8))
}

// memoryError says that evaluating a cell takes more memory than there is. Peak is
// what its process had at last, Budget what it was allowed, in bytes; 0 is no limit.
type memoryError struct {
	Peak, Budget int64
	// Killed says that the kernel killed the process, Refused that it gave it no more,
	// before it had what the budget allows.
	Killed, Refused bool
}

func (e *memoryError) Cause() *result.Cause {
	c := &result.Cause{
		Kind: result.CauseMemory, Title: "evaluation " + e.Error(), Message: e.Error(),
		Hint: "it was tried a second time with nothing beside it; give evaluation more with --eval-memory, or a larger machine",
	}
	switch {
	case e.Killed:
		c.Message += "; the kernel killed the evaluator"
		c.Hint = "it was tried a second time with nothing beside it; it takes a machine with more memory, or swap"
	case e.Refused:
		c.Message += "; the evaluator was given no more"
		c.Hint = "it was tried a second time with nothing beside it; it takes a machine with more memory, or a higher limit (ulimit -v)"
	}
	return c
}

func (e *memoryError) Error() string {
	if e.Budget == 0 {
		return "out of memory"
	}
	return fmt.Sprintf("out of memory, %s of %s", humanize.IBytes(uint64(e.Peak)), humanize.IBytes(uint64(e.Budget)))
}
