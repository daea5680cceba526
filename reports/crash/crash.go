// Package crash reports a run during which flakeci crashed.
package crash

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/reports/partial"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
)

const (
	// Hint is what to do about a crash.
	Hint = "this is a bug in flakeci: please report it, with the lines above, at https://github.com/flakeci/flakeci/issues"
	// File is the artifact with the stack.
	File = "flakeci-crash.txt"
)

// Run is what is known about a run when flakeci crashes. It is a copy, because the run's own data
// may be half changed and locked by then. A nil Run ignores what it is given.
type Run struct {
	folder *artifact.Folder

	mu       sync.Mutex
	run      partial.Run
	stopView func()
	cleanup  func()
}

// New returns a run that has just begun. The stack of a crash goes to a file in the folder, or
// into the report if there is none.
func New(folder *artifact.Folder) *Run {
	return &Run{folder: folder, run: partial.Run{Run: reports.Run{Started: time.Now()}}, stopView: func() {}, cleanup: func() {}}
}

func (r *Run) set(change func()) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

// Update records how far the run has come.
func (r *Run) Update(about reports.About, started time.Time, m matrix.Matrix) {
	r.set(func() { r.run.About, r.run.Started, r.run.Matrix = about, started, m })
}

// OnCleanup sets what removes the temporary files.
func (r *Run) OnCleanup(remove func()) { r.set(func() { r.cleanup = remove }) }

// Cleanup removes the temporary files.
func (r *Run) Cleanup() { r.set(func() { r.cleanup() }) }

// OnStop sets what ends the view on the terminal.
func (r *Run) OnStop(stop func()) { r.set(func() { r.stopView = stop }) }

// maxStop is how long the view may take to end: it may be what crashed.
const maxStop = 2 * time.Second

// StopView ends the view, so that the next output stays on the terminal.
func (r *Run) StopView() {
	stop := func() {}
	r.set(func() { stop = r.stopView })
	stopped := make(chan struct{})
	safely.Go(func() {
		defer close(stopped)
		stop()
	})
	select {
	case <-stopped:
	case <-time.After(maxStop):
	}
}

// Before returns a subscriber that records each result before it passes the event on to next.
func (r *Run) Before(next event.Subscriber) event.Subscriber {
	if r == nil {
		return next
	}
	return event.Subscriber{Lines: next.Lines, Handle: func(e event.Event) {
		r.set(func() { r.run.Record(e) })
		next.Handle(e)
	}}
}

// Report saves the stack, and returns a report of the run up to the crash.
func (r *Run) Report(c *safely.Crash) result.Report {
	cause := &result.Cause{Kind: result.CauseInfra, Title: c.Error(), Message: c.Error(), Hint: Hint}
	path, err := r.folder.Text(func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%v\n\n%s", c, c.Stack)
		return err
	}, File)
	if cause.Log = path; err != nil || path == "" {
		cause.LogTail = string(c.Stack)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.run.Report(cause)
}
