package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/redact"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/reports/partial"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
)

const (
	crashHint = "this is a bug in flakeci: please report it, with the lines above, at https://github.com/flakeci/flakeci/issues"
	crashFile = "flakeci-crash.txt"
	// maxCrashReport limits publishing the report, which may use GitHub's API.
	maxCrashReport = time.Minute
)

// crashState is what is known about a run when flakeci crashes. It is a copy, because the run's
// own data may be half changed and locked by then.
type crashState struct {
	delivery delivery
	folder   *artifact.Folder

	mu       sync.Mutex
	run      partial.Run
	progress progress
	cleanup  func() // removes the temporary files
}

// reportCrashes makes flakeci report crashes from now on.
func (a *App) reportCrashes(d delivery, artifacts *artifact.Folder) {
	a.crashState.Store(&crashState{
		delivery: d, folder: artifacts, run: partial.Run{Run: reports.Run{Started: time.Now()}}, cleanup: func() {},
	})
}

// set changes the state. On a nil state it does nothing.
func (s *crashState) set(change func()) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// update records how far a run has come.
func (s *crashState) update(j *job) {
	s.set(func() { s.run.About, s.run.Started, s.run.Matrix = j.about().About, j.started, j.matrix })
}

// setCleanup sets what removes the temporary files.
func (s *crashState) setCleanup(remove func()) { s.set(func() { s.cleanup = remove }) }

// setProgress sets what is shown on the terminal.
func (s *crashState) setProgress(p progress) { s.set(func() { s.progress = p }) }

// maxStopProgress is how long the live view may take to end: it may be what crashed.
const maxStopProgress = 2 * time.Second

// stopProgress ends the live view, so that the next output stays on the terminal.
func (s *crashState) stopProgress() {
	if s == nil {
		return
	}
	s.mu.Lock()
	shown := s.progress
	s.mu.Unlock()
	if shown == nil {
		return
	}
	stopped := make(chan struct{})
	safely.Go(func() {
		defer close(stopped)
		shown.Stop()
	})
	select {
	case <-stopped:
	case <-time.After(maxStopProgress):
	}
}

// before returns a subscriber that records each result before it passes the event on to next.
func (s *crashState) before(next event.Subscriber) event.Subscriber {
	if s == nil {
		return next
	}
	return event.Subscriber{Lines: next.Lines, Handle: func(e event.Event) {
		s.set(func() { s.run.Record(e) })
		next.Handle(e)
	}}
}

// report returns a report of the run up to the crash.
func (s *crashState) report(cause *result.Cause) result.Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.run.Report(cause)
}

// handleCrash prints a panic, reports the run so far, and returns the exit code. It is called in
// the goroutine that panicked; further panics wait here until the program ends.
func (a *App) handleCrash(c *safely.Crash) (code int) {
	a.crashing.Lock() // never unlocked
	defer func() {
		if v := recover(); v != nil {
			code = exitError
			_ = safely.Try(func() error { // if this panics too, nothing is left to report it
				a.printError(fmt.Sprintf("cannot write the report: %v", v), "")
				return nil
			})
		}
	}()
	s := a.crashState.Load()
	s.stopProgress()
	a.hold(false)
	a.printError(fmt.Sprintf("%v\n%s", c, c.Stack), crashHint)
	if s == nil {
		return exitError
	}
	ctx, cancel := context.WithTimeout(context.Background(), maxCrashReport)
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
	if r, err := redact.Value(&a.secrets, s.report(cause)); err != nil {
		a.printError("cannot write the report: "+err.Error(), "")
	} else {
		_ = a.publish(ctx, r, s.delivery) // it reports its own errors
	}
	s.set(func() { s.cleanup() })
	return exitError
}

// waitForCrash does not return if another goroutine is reporting a crash, which ends the
// program.
func (a *App) waitForCrash() { a.crashing.Lock() }

// catchCrash runs one part of the reporting. A panic becomes an error, so that only this
// part is lost.
func catchCrash(what string, do func() error) error {
	err := safely.Try(do)
	var crash *safely.Crash
	if errors.As(err, &crash) {
		return fmt.Errorf("%s: %w\n%s", what, crash, crash.Stack)
	}
	return err
}
