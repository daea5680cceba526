package crash

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

var boom = &safely.Crash{Value: "boom", Stack: []byte("the stack")}

// A crash before anything is known is reported too, as a run that has just begun.
func TestACrashBeforeAnythingIsKnown(t *testing.T) {
	r := New(nil).Report(boom)
	if r.Verdict != result.VerdictError || len(r.Causes) != 1 || r.Causes[0].LogTail != "the stack" {
		t.Errorf("verdict %s, causes %v", r.Verdict, r.Causes)
	}
	if took := time.Duration(r.Duration * float64(time.Second)); time.Since(r.Started) > time.Hour || took > time.Hour {
		t.Errorf("it began at %s and took %s", r.Started, took)
	}
}

// The report has what passed before the crash, and names the file with the stack.
func TestReport(t *testing.T) {
	dir := t.TempDir()
	run := New(&artifact.Folder{Path: dir})
	cells := []result.Cell{{ID: "nixos/a", Kind: result.KindNixOS, Host: "a"}, {ID: "nixos/b", Kind: result.KindNixOS, Host: "b"}}
	run.Update(reports.About{Nix: result.Tool{Version: "2.34.8"}}, time.Now(), matrix.Matrix{Cells: cells})
	passed := 0
	run.Before(event.Subscriber{Handle: func(event.Event) { passed++ }}).
		Handle(event.Finished{Result: outcome.Result{Cell: cells[0], Status: result.Passed, How: result.Built}})
	r := run.Report(boom)
	if passed != 1 || r.Nix.Version != "2.34.8" || len(r.Cells) != 2 || r.Cells[0].Status != result.Passed || r.Cells[1].Status != result.Canceled {
		t.Errorf("%d events were passed on; got %+v", passed, r.Cells)
	}
	text, err := os.ReadFile(filepath.Join(dir, File))
	if err != nil || !strings.Contains(string(text), "boom") || !strings.Contains(string(text), "the stack") || r.Causes[0].Log == "" {
		t.Errorf("the file says %q, %v; the cause is %+v", text, err, r.Causes[0])
	}
}

// A view that never ends, as it crashed itself, holds up no report.
func TestAViewThatDoesNotEnd(t *testing.T) {
	lanes.Heavy(t, "waits for a time limit")
	run := New(nil)
	never := make(chan struct{})
	defer close(never)
	run.OnStop(func() { <-never })
	run.StopView()
}

// Without a run there is nothing to record and nothing to end.
func TestNoRun(t *testing.T) {
	var run *Run
	run.Update(reports.About{}, time.Now(), matrix.Matrix{})
	run.OnCleanup(func() { t.Error("cleaned up") })
	run.Cleanup()
	run.StopView()
	got := false
	run.Before(event.Subscriber{Handle: func(event.Event) { got = true }}).Handle(nil)
	if !got {
		t.Error("the event is lost")
	}
}
