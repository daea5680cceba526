package evalpool

import (
	"math"
	"testing"
)

const mib = 1 << 20

// How many processes and cells a budget has room for, by what is known of cells.
func TestBudget(t *testing.T) {
	tests := []struct {
		name             string
		budget           budget
		processes, cells int
		keepsGarbage     bool
	}{
		{"no limit", budget{}, 4, math.MaxInt, true},
		{"plenty, nothing known", budget{total: 8192 * mib, own: 40 * mib}, 4, math.MaxInt, true},
		{"little, nothing known", budget{total: 600 * mib, own: 40 * mib}, 1, math.MaxInt, false},
		{"room for two", budget{total: 1024 * mib, own: 24 * mib, first: 400 * mib}, 2, 1, false},
		{"room for two that grow", budget{total: 1224 * mib, own: 24 * mib, first: 400 * mib, further: 100 * mib}, 3, 1, false},
		{"room for many cells", budget{total: 4120 * mib, own: 24 * mib, first: 400 * mib, further: 100 * mib}, 4, 7, false},
		{"small cells", budget{total: 4120 * mib, own: 24 * mib, first: 30 * mib, further: mib}, 4, 995, true},
		{"more than helps", budget{total: 65536 * mib, first: 300 * mib, further: 200 * mib}, 4, 4, true},
		{"more than helps, large cells", budget{first: 1000 * mib, further: 500 * mib}, 4, 5, true},
		{"less than a cell", budget{total: 300 * mib, own: 40 * mib, first: 400 * mib}, 1, 1, false},
		{"less than flakeci itself", budget{total: 100 * mib, own: 120 * mib, first: 400 * mib}, 1, 1, false},
	}
	for _, tt := range tests {
		b := tt.budget
		if got := b.processes(4); got != tt.processes {
			t.Errorf("%s: %d processes, want %d", tt.name, got, tt.processes)
		}
		if got := b.cells(4); got != tt.cells {
			t.Errorf("%s: %d cells, want %d", tt.name, got, tt.cells)
		}
		if got := b.keepsGarbage(4); got != tt.keepsGarbage {
			t.Errorf("%s: keeps garbage %t", tt.name, got)
		}
		if b.total > 0 && (b.exceeded(b.total*4/5) || !b.exceeded(b.total)) {
			t.Errorf("%s: exceeded", tt.name)
		}
	}
}

// The first cell of a process and later ones are counted separately.
func TestBudgetLearns(t *testing.T) {
	b := budget{total: 8192 * mib}
	b.learn(&process{current: 0}, 400*mib)
	b.learn(&process{current: 1, memoryBefore: 400 * mib}, 450*mib)
	b.learn(&process{current: 2, memoryBefore: 450 * mib}, 440*mib) // collected
	b.learn(&process{current: 0}, 300*mib)
	if b.first != 400*mib || b.further != 50*mib {
		t.Errorf("%+v", b)
	}
}

// Without a budget, as on macOS, the error names no amounts.
func TestMemoryError(t *testing.T) {
	for want, e := range map[string]MemoryError{
		"out of memory, 300 MiB of 400 MiB": {Peak: 300 * mib, Budget: 400 * mib},
		"out of memory":                     {Killed: true},
	} {
		if e.Error() != want {
			t.Errorf("got %q, want %q", e.Error(), want)
		}
	}
}
