package live

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/reports/progress"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// board holds what the view shows: the state of the run, and what failed. The runner writes
// to it and the view reads from it, each holding the lock for a moment.
type board struct {
	mu      sync.Mutex
	now     func() time.Time
	changes uint64 // grows with every event

	*progress.State
	results map[string]result.CellResult // of finished cells, as in a report
	faults  []*fault                     // oldest first
	byCause map[*result.Cause]*fault

	grid    gridLayout
	version int  // of the state's matrix when the grid was laid out
	stale   bool // results came in since then
}

// fault is a cause with the cells that it is known to block.
type fault struct {
	id    string
	cause result.Cause
	cells []string
}

func newBoard(m matrix.Matrix, now func() time.Time) *board {
	return &board{now: now, State: progress.New(m, now), results: map[string]result.CellResult{}, byCause: map[*result.Cause]*fault{}, stale: true}
}

// handle applies an event.
func (b *board) handle(e event.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changes++
	b.Apply(e)
	switch e := e.(type) {
	case event.Finished:
		b.finish(e.Result)
	case event.Compared:
		b.finish(e.Result)
	}
}

// finish records a result. It collects the result for a report right away, as causes change
// once the run is over.
func (b *board) finish(r outcome.Result) {
	b.stale = true
	rep := reports.Collect(reports.Run{Outcome: outcome.Run{Results: []outcome.Result{r}, Causes: r.Causes}})
	cell := rep.Cells[0]
	cell.Causes = nil
	b.results[r.Cell.ID] = cell
	for i, c := range r.Causes {
		f := b.byCause[c]
		if f == nil {
			f = &fault{id: "fault:" + strconv.Itoa(len(b.faults)), cause: rep.Causes[i]}
			b.byCause[c] = f
			b.faults = append(b.faults, f)
		}
		if !slices.Contains(f.cells, r.Cell.ID) {
			f.cells = append(f.cells, r.Cell.ID)
		}
	}
}

// layout returns the grid as the table would show it now.
func (b *board) layout() gridLayout {
	if !b.stale && b.version == b.Version {
		return b.grid
	}
	b.stale, b.version = false, b.Version
	r := reports.Plan(result.Flake{}, b.Matrix)
	for i, c := range r.Cells {
		if done, ok := b.results[c.ID]; ok {
			r.Cells[i] = done
		}
	}
	result.MarkSame(r.Cells)
	for _, f := range b.faults {
		cause := f.cause
		cause.ID, cause.Cells = f.id, f.cells
		r.Causes = append(r.Causes, cause)
	}
	b.grid = newGridLayout(r)
	return b.grid
}
