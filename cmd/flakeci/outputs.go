package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/reports/github"
	"github.com/flakeci/flakeci/result"
)

// writeOutputs passes the verdict and the counts to later steps of a GitHub Actions job.
func (a *App) writeOutputs(r result.Report) error {
	return a.toStep(func(w io.Writer) error { return github.WriteOutputs(w, r) })
}

// toStep writes outputs of a step of a GitHub Actions job, one name=value on a line.
func (a *App) toStep(write func(io.Writer) error) error {
	path := a.env("GITHUB_OUTPUT")
	if path == "" || a.env("GITHUB_ACTIONS") != "true" {
		return nil
	}
	// The file exists, and the step may have written to it already.
	f, err := safefile.Append(path)
	if err == nil {
		err = errors.Join(write(f), f.Close())
	}
	if err != nil {
		return fmt.Errorf("cannot write the outputs of the step: %w", err)
	}
	return nil
}
