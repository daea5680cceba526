package main

import (
	"context"
	"fmt"
	"time"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/redact"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/reports/crash"
)

// maxCrashReport limits publishing the report, which may use GitHub's API.
const maxCrashReport = time.Minute

// running is a run in progress, and where its report goes.
type running struct {
	*crash.Run
	delivery delivery
}

// reportCrashes makes flakeci report crashes from now on.
func (a *App) reportCrashes(d delivery, artifacts *artifact.Folder) {
	a.running.Store(&running{crash.New(artifacts), d})
}

// crashRun returns the run to report after a crash, nil before there is one.
func (a *App) crashRun() *crash.Run {
	if r := a.running.Load(); r != nil {
		return r.Run
	}
	return nil
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
	run := a.running.Load()
	a.crashRun().StopView()
	a.messages().Hold(false)
	a.printError(fmt.Sprintf("%v\n%s", c, c.Stack), crash.Hint)
	if run == nil {
		return exitError
	}
	ctx, cancel := context.WithTimeout(context.Background(), maxCrashReport)
	defer cancel()
	if r, err := redact.Value(&a.secrets, run.Report(c)); err != nil {
		a.printError("cannot write the report: "+err.Error(), "")
	} else {
		_ = a.publish(ctx, r, run.delivery) // it reports its own errors
	}
	run.Cleanup()
	return exitError
}

// waitForCrash does not return if another goroutine is reporting a crash, which ends the
// program.
func (a *App) waitForCrash() { a.crashing.Lock() }
