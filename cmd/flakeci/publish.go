package main

import (
	"context"
	"errors"

	"github.com/flakeci/flakeci/reports/table"
	"github.com/flakeci/flakeci/result"
)

// delivery says where a report goes.
type delivery struct {
	files     reportFiles
	fence     *fence // which of the files a stranger chose
	artifacts evidence
	color     string
	github    githubFlags
	shard     string // which of several; empty for the whole
}

// publish shows the report, writes it to the files and ends with the verdict's
// exit code. A stdout that takes nothing keeps no file from being written.
func (a *App) publish(ctx context.Context, r result.Report, d delivery) error {
	out := a.Stdout
	if d.files.onStdout() {
		out = a.Stderr
	}
	style := a.style(d.color, out)
	err := errors.Join(
		guard("the table", func() error {
			return table.Write(out, r, table.Options{Color: style.color, Width: style.width})
		}),
		a.writeReports(r, d),
		guard("the outputs of the step", func() error { return a.writeOutputs(r) }),
		guard("the report to GitHub", func() error {
			a.onGitHub(ctx, r, d.github, d.shard)
			return nil
		}),
	)
	return a.ending(r, err)
}

// ending gives the exit code for a report. If it could not be written, that is said,
// and a run that passed ends as an error: nobody can see that it passed. Any other
// verdict keeps its exit code.
func (a *App) ending(r result.Report, err error) error {
	if err == nil {
		return verdictExit(r.Verdict)
	}
	a.complain(err)
	if r.Verdict == result.VerdictPassed {
		return exitCode(exitError)
	}
	return verdictExit(r.Verdict)
}

// verdictExit is nil for a run that passed, else its exit code.
func verdictExit(v result.Verdict) error {
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
