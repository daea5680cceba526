package main

import (
	"context"
	"errors"

	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/reports/forms"
	"github.com/flakeci/flakeci/reports/output"
	"github.com/flakeci/flakeci/reports/table"
	"github.com/flakeci/flakeci/result"
)

// delivery says where a report goes.
type delivery struct {
	files     forms.Files
	outputs   *output.Paths // knows which of the files a stranger chose
	artifacts string
	merged    []string // reports with artifacts of their own
	color     string
	github    githubFlags
	shard     string // empty without --shard
}

// publish prints the report, writes it to the files and returns the exit code of its
// verdict. The files are written even if stdout is closed.
func (a *App) publish(ctx context.Context, r result.Report, d delivery) error {
	out := a.Stdout
	if d.files.OnStdout() {
		out = a.Stderr
	}
	err := errors.Join(
		safely.TryPart("the table", func() error { return table.Write(out, r, a.tableOptions(d.color, out)) }),
		a.writeReports(r, d),
		safely.TryPart("the outputs of the step", func() error { return a.writeOutputs(r) }),
		safely.TryPart("the report to GitHub", func() error { return a.publishToGitHub(ctx, r, d.github, d.shard) }),
	)
	return a.finish(r, err)
}

// finish returns the exit code of a report. A run that passed ends as an error if its
// report could not be written: nobody can see that it passed. Other verdicts keep their
// exit code.
func (a *App) finish(r result.Report, err error) error {
	if err == nil {
		return exitFor(r.Verdict)
	}
	a.fail(err)
	if r.Verdict == result.VerdictPassed {
		return exitCode(exitError)
	}
	return exitFor(r.Verdict)
}

// exitFor returns nil for a run that passed, otherwise its exit code.
func exitFor(v result.Verdict) error {
	switch v {
	case result.VerdictPassed:
		return nil
	case result.VerdictFailed:
		return exitCode(exitFailed)
	case result.VerdictCanceled:
		return exitCode(exitInterrupted)
	}
	return exitCode(exitError)
}
