package live

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
)

// board is what is known of a run. The runner writes to it and the view reads
// from it, each holding the lock for a moment.
type board struct {
	mu      sync.Mutex
	now     func() time.Time
	changes uint64 // grows with every change

	matrix   matrix.Matrix
	cells    map[string]*cell
	running  []*activity // phases of cells, in the order in which they began
	builders []*builder  // that run, likewise
	asked    time.Time   // since when Nix is asked what is to be built; zero if it is not
	faults   []*fault    // in the order in which they came up
	byCause  map[*result.Cause]*fault

	grid  view.LiveGrid
	stale bool // the grid is to be laid out anew
}

// cell is what is known of a cell.
type cell struct {
	matrix.Cell
	now      *activity     // nil while no phase is under way
	begun    []string      // the phases that have begun, in order
	spent    time.Duration // on the phase under way, before it waited last
	finished bool
	result   result.Cell // as in a report; without a status until it is finished
}

// activity is a phase of a cell that is under way.
type activity struct {
	cell  *cell
	phase string
	since time.Time
	again string // why it is tried again
}

// builder is one that runs or has run.
type builder struct {
	drv    string
	since  time.Time
	took   time.Duration // once it has ended
	ended  bool
	silent time.Time // since when it has written nothing, if that is long ago
	log    ring
}

// fault is a cause with the cells that it stops as far as they are known.
type fault struct {
	id    string
	cause result.Cause
	cells []string
}

func newBoard(m matrix.Matrix, now func() time.Time) *board {
	b := &board{now: now, matrix: m, cells: map[string]*cell{}, byCause: map[*result.Cause]*fault{}, stale: true}
	for _, c := range m.Cells {
		b.cells[c.ID] = newCell(c)
	}
	return b
}

func newCell(c matrix.Cell) *cell {
	plan := reports.Plan(result.Flake{}, matrix.Matrix{Cells: []matrix.Cell{c}})
	return &cell{Cell: c, result: plan.Cells[0]}
}

func (b *board) watcher() runner.Watcher {
	return runner.Watcher{
		More: b.more, Start: b.start, Waits: b.waits, GoesOn: b.goesOn, Asks: b.asks, Done: b.done, Compared: b.compared,
		Builder: b.builder, Line: b.line, Retry: b.retry, Stalled: b.stalled,
	}
}

// change locks the board for a change, until the function that it gives is
// called.
func (b *board) change() (end func()) {
	b.mu.Lock()
	b.changes++
	return b.mu.Unlock
}

// at gives the cell, which may be one that only evaluation has found.
func (b *board) at(c matrix.Cell) *cell {
	if b.cells[c.ID] == nil {
		b.add(c)
	}
	return b.cells[c.ID]
}

// evaluated gives what is known of a cell that was evaluated, which may have told
// its user.
func (b *board) evaluated(c matrix.Cell) *cell {
	at := b.at(c)
	if at.User != c.User {
		at.Cell, at.result.User = c, c.User
		b.matrix = b.matrix.With(c)
		b.stale = true
	}
	return at
}

func (b *board) add(cells ...matrix.Cell) {
	for _, c := range cells {
		b.cells[c.ID] = newCell(c)
	}
	b.matrix = b.matrix.With(cells...)
	b.stale = true
}

// more takes in cells that were not known when the run began.
func (b *board) more(cells []matrix.Cell) {
	defer b.change()()
	b.add(cells...)
}

func (b *board) start(c matrix.Cell, phase string) {
	defer b.change()()
	at := b.at(c)
	at.begun = append(at.begun, phase)
	b.begin(at, phase, b.now())
}

// goesOn takes in that a phase which waited goes on.
func (b *board) goesOn(c matrix.Cell, phase string, since time.Time) {
	defer b.change()()
	b.begin(b.at(c), phase, since)
}

func (b *board) begin(c *cell, phase string, since time.Time) {
	b.rest(c)
	c.now = &activity{cell: c, phase: phase, since: since}
	b.running = append(b.running, c.now)
}

// rest is when nothing of a cell is under way any more.
func (b *board) rest(c *cell) {
	if c.now != nil {
		c.spent = b.now().Sub(c.now.since)
		b.running = slices.DeleteFunc(b.running, func(a *activity) bool { return a == c.now })
		c.now = nil
	}
}

func (b *board) waits(c matrix.Cell) {
	defer b.change()()
	b.rest(b.evaluated(c))
}

func (b *board) asks(yes bool) {
	defer b.change()()
	b.asked = time.Time{}
	if yes {
		b.asked = b.now()
	}
}

func (b *board) done(r runner.Result) {
	defer b.change()()
	b.finish(r)
}

// compared takes in what a finished cell was at the base.
func (b *board) compared(r runner.Result) {
	defer b.change()()
	b.finish(r)
}

// finish takes in a result. It is made what a report has of it here: its causes change
// once the run has told all.
func (b *board) finish(r runner.Result) {
	at := b.evaluated(r.Cell)
	b.rest(at)
	b.stale = true
	rep := reports.Collect(reports.Run{Outcome: runner.Outcome{Results: []runner.Result{r}, Causes: r.Causes}})
	at.result, at.finished = rep.Cells[0], true
	at.result.Causes = nil
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

func (b *board) builder(drv string, runs bool) {
	defer b.change()()
	if runs {
		b.builders = append(b.builders, &builder{drv: drv, since: b.now()})
		return
	}
	// The first of that name: another nix that wants the same waits for it.
	for i, x := range b.builders {
		if x.drv == drv {
			x.took, x.ended = b.now().Sub(x.since), true
			b.builders = slices.Delete(b.builders, i, i+1)
			return
		}
	}
}

func (b *board) line(drv, line string) {
	defer b.change()()
	for _, x := range slices.Backward(b.builders) {
		if x.drv == drv {
			x.log.add(line)
			return
		}
	}
}

func (b *board) retry(cells []matrix.Cell, _ string, why *result.Cause) {
	defer b.change()()
	for _, c := range cells {
		if at := b.at(c); at.now != nil {
			at.now.again = why.Title
		}
	}
}

func (b *board) stalled(drv string, _ []matrix.Cell, silent time.Duration) {
	defer b.change()()
	for _, x := range b.builders {
		if x.drv != drv {
			continue
		}
		x.silent = time.Time{}
		if silent > 0 {
			x.silent = b.now().Add(-silent)
		}
	}
}

// layout is the grid as the table would show it now.
func (b *board) layout() view.LiveGrid {
	if !b.stale {
		return b.grid
	}
	b.stale = false
	r := result.Report{Grid: b.matrix.Layout()}
	first := map[string]string{}
	for _, c := range b.matrix.Cells {
		result := b.cells[c.ID].result
		if id := first[result.DrvPath]; id != "" {
			result.SameAs = id
		} else if result.DrvPath != "" {
			first[result.DrvPath] = c.ID
		}
		r.Cells = append(r.Cells, result)
	}
	for _, f := range b.faults {
		cause := f.cause
		cause.ID, cause.Cells = f.id, f.cells
		r.Causes = append(r.Causes, cause)
	}
	b.grid = view.NewLiveGrid(r)
	return b.grid
}

// tally counts cells that are finished, and those of them that are to be looked
// into.
func (b *board) tally() (finished, failed int) {
	for _, c := range b.cells {
		if c.finished {
			finished++
		}
		if c.finished && c.failed() {
			failed++
		}
	}
	return finished, failed
}

func (c *cell) failed() bool {
	return c.finished && c.result.Status.NeedsAttention()
}
