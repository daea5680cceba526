// Package partial reports a run that did not end.
package partial

import (
	"time"

	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/journal"
	"github.com/flakeci/flakeci/runner/outcome"
)

// Run is a run in progress.
type Run struct {
	reports.Run
	results map[string]outcome.Result
}

// Record records an event of the run.
func (r *Run) Record(e event.Event) {
	switch e := e.(type) {
	case event.Added:
		r.Matrix = r.Matrix.With(e.Cells...)
	case event.Finished:
		r.finish(e.Result)
	case event.Compared:
		r.finish(e.Result)
	}
}

func (r *Run) finish(res outcome.Result) {
	if r.results == nil {
		r.results = map[string]outcome.Result{}
	}
	r.results[res.Cell.ID] = res
}

// Report returns a report of the run up to the crash, with the crash as a cause. Its verdict is
// always error.
func (r *Run) Report(crash *result.Cause) result.Report {
	var results []outcome.Result
	for _, c := range r.Matrix.Cells {
		if _, done := r.results[c.ID]; !done {
			results = append(results, outcome.Result{Cell: c, Status: result.Canceled, Note: "not finished when flakeci crashed"})
		}
	}
	for _, res := range r.results {
		results = append(results, res)
	}
	run := r.Run
	run.Outcome = outcome.Conclude(results, false)
	run.Duration = time.Since(run.Started)
	run.Causes = append(run.Causes[:len(run.Causes):len(run.Causes)], crash)
	rep := reports.Collect(run)
	rep.Verdict = result.VerdictError
	return rep
}

// FromJournal returns the report of the run in a journal. Busy says whether the run is still in
// progress.
func FromJournal(j *journal.Journal, about reports.About, busy bool) (rep result.Report, err error) {
	why := "the run was killed"
	run := reports.Run{About: about, Started: j.Head.Started, Duration: max(0, j.Last.Sub(j.Head.Started))}
	last := "; last activity at " + j.Last.UTC().Format(time.DateTime) + " UTC"
	switch {
	case j.Ended:
	case busy:
		why = "this report was made"
		run.Notes = []string{"the run is still in progress"}
	case j.Looking():
		run.Notes = []string{"the run was killed while inspecting the flake" + last}
	default:
		run.Notes = []string{"the run was killed" + last}
	}
	if j.Looking() {
		run.Outcome.Interrupted = !j.Ended || j.Interrupted
	} else if run.Matrix, err = j.Matrix(); err == nil {
		run.Outcome, err = j.Outcome(why)
	}
	if err != nil {
		return rep, err
	}
	return reports.Collect(run), nil
}
