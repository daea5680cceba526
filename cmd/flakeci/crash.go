package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
)

const (
	crashHint = "this is a bug in flakeci: please report it, with the lines above, at https://github.com/flakeci/flakeci/issues"
	crashFile = "flakeci-crash.txt"
	// crashPatience is for telling GitHub of it.
	crashPatience = time.Minute
)

// sighting is what can be reported of a run if flakeci crashes. It is kept apart from
// the run's own data, which may be half changed and locked by then.
type sighting struct {
	delivery delivery
	folder   *artifact.Folder

	mu      sync.Mutex
	run     reports.Run
	about   about
	results map[string]runner.Result
	shown   progress
	remove  func() // the folder for what is temporary
}

// expectReport says that a crash from now on is to be reported, and where.
func (a *App) expectReport(d delivery, artifacts *artifact.Folder) {
	a.sight.Store(&sighting{
		delivery: d, folder: artifacts, run: reports.Run{Started: time.Now()}, results: map[string]runner.Result{}, remove: func() {},
	})
}

// see records how far a run has come. A nil sighting records nothing.
func (s *sighting) see(j *job) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.about, s.run.Started, s.run.Matrix = j.about(), j.started, j.matrix
}

// removes says how to tidy up.
func (s *sighting) removes(remove func()) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove = remove
}

// shows says what is on the terminal.
func (s *sighting) shows(p progress) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = p
}

// viewPatience is how long a view may take to leave the terminal: it may be what crashed.
const viewPatience = 2 * time.Second

// clear ends the live view, so that what is printed next stays on the terminal.
func (s *sighting) clear() {
	if s == nil {
		return
	}
	s.mu.Lock()
	shown := s.shown
	s.mu.Unlock()
	if shown == nil {
		return
	}
	gone := make(chan struct{})
	safely.Go(func() {
		defer close(gone)
		shown.stop()
	})
	select {
	case <-gone:
	case <-time.After(viewPatience):
	}
}

// before gives a watcher that records results before it passes them on to w.
func (s *sighting) before(w runner.Watcher) runner.Watcher {
	if s == nil {
		return w
	}
	done, compared, more := w.Done, w.Compared, w.More
	take := func(tell func(runner.Result)) func(runner.Result) {
		return func(r runner.Result) {
			s.mu.Lock()
			s.results[r.Cell.ID] = r
			s.mu.Unlock()
			if tell != nil {
				tell(r)
			}
		}
	}
	w.Done, w.Compared = take(done), take(compared)
	w.More = func(cells []matrix.Cell) {
		s.mu.Lock()
		s.run.Matrix = s.run.Matrix.With(cells...)
		s.mu.Unlock()
		if more != nil {
			more(cells)
		}
	}
	return w
}

// report is what was done until the crash. Its verdict is always an error.
func (s *sighting) report(cause *result.Cause) result.Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	var results []runner.Result
	for _, c := range s.run.Matrix.Cells {
		if _, done := s.results[c.ID]; !done {
			results = append(results, runner.Result{Cell: c, Status: result.Canceled, Note: "not finished when flakeci crashed"})
		}
	}
	for _, r := range s.results {
		results = append(results, r)
	}
	run := s.about.run(s.run)
	run.Outcome = runner.Conclude(results, false)
	run.Duration = time.Since(run.Started)
	run.Causes = append(run.Causes[:len(run.Causes):len(run.Causes)], cause)
	r := reports.Collect(run)
	r.Verdict = result.VerdictError
	return r
}

// crash prints a panic, reports what the run had come to by then, and gives the exit
// code. It is called in the goroutine that panicked; further panics wait here until the
// program ends.
func (a *App) crash(c *safely.Crash) (code int) {
	a.crashing.Lock() // never unlocked
	defer func() {
		if v := recover(); v != nil {
			code = exitError
			_ = safely.Try(func() error { // there is nobody else to tell
				a.say("error: cannot write the report: %v", v)
				return nil
			})
		}
	}()
	s := a.sight.Load()
	s.clear()
	a.hold(false)
	a.say("error: %v\n%s", c, c.Stack)
	a.say("hint: %s", crashHint)
	if s == nil {
		return exitError
	}
	ctx, cancel := context.WithTimeout(context.Background(), crashPatience)
	defer cancel()
	cause := &result.Cause{Kind: result.CauseInfra, Title: c.Error(), Message: c.Error(), Hint: crashHint}
	if path, err := s.folder.Text(func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%v\n\n%s", c, c.Stack)
		return err
	}, crashFile); err == nil && path != "" {
		cause.Log = path
	} else {
		cause.LogTail = string(c.Stack)
	}
	if r, err := a.redacted(s.report(cause)); err != nil {
		a.say("error: cannot write the report: %v", err)
	} else {
		_ = a.publish(ctx, r, s.delivery) // it reports its own errors
	}
	s.tidy()
	return exitError
}

func (s *sighting) tidy() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove()
}

// outlast waits for the end of the program if another goroutine is reporting a crash.
func (a *App) outlast() { a.crashing.Lock() }

// guard does one part of the reporting. A panic becomes an error, so that only this
// part is lost.
func guard(what string, do func() error) error {
	err := safely.Try(do)
	var crash *safely.Crash
	if errors.As(err, &crash) {
		return fmt.Errorf("%s: %w\n%s", what, crash, crash.Stack)
	}
	return err
}
