package vmtest

import (
	"context"
	"runtime"
	"sync"

	"github.com/flakeci/flakeci/internal/memory"
)

// Budget limits how many guests run at once, by their number, cores and memory. A guest
// that exceeds the whole budget runs alone.
type Budget struct {
	// Guests is how many may run at once; 0 leaves it to cores and memory.
	Guests int
	// Cores and MemoryMiB limit the sum over all guests; 0 is no limit.
	Cores, MemoryMiB int

	mu            sync.Mutex
	guests        int
	cores, memory int
	freed         chan struct{} // closed and set to nil when a guest ends
}

// overheadMiB is the memory of QEMU itself, whatever the guest has: with TCG it takes 450 to 650
// MiB, mostly for translated code.
const overheadMiB = 600

// acquire waits until the host fits into the budget.
func (b *Budget) acquire(ctx context.Context, h Host) (release func(), err error) {
	if b == nil {
		return func() {}, ctx.Err()
	}
	cores, memory := max(h.Cores, 1), h.MemoryMiB+overheadMiB
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b.mu.Lock()
		if b.guests == 0 || b.fits(cores, memory) {
			b.add(1, cores, memory)
			b.mu.Unlock()
			return func() { b.release(cores, memory) }, nil
		}
		if b.freed == nil {
			b.freed = make(chan struct{})
		}
		freed := b.freed
		b.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (b *Budget) fits(cores, memory int) bool {
	return (b.Guests == 0 || b.guests < b.Guests) &&
		(b.Cores == 0 || b.cores+cores <= b.Cores) &&
		(b.MemoryMiB == 0 || b.memory+memory <= b.MemoryMiB)
}

func (b *Budget) add(guests, cores, memory int) {
	b.guests += guests
	b.cores += cores
	b.memory += memory
}

func (b *Budget) release(cores, memory int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.add(-1, -cores, -memory)
	if b.freed != nil {
		close(b.freed)
		b.freed = nil
	}
}

// NewBudget returns the budget of this machine: its cores, and four fifths of the memory
// that is free now. guests limits their number; 0 is no limit.
func NewBudget(guests int) *Budget {
	return &Budget{Guests: guests, Cores: runtime.NumCPU(), MemoryMiB: int(memory.Available()>>20) * 4 / 5}
}
