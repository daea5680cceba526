package main

import (
	"errors"
	"fmt"

	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/reports/github"
	"github.com/flakeci/flakeci/result"
)

// writeOutputs hands verdict and counts to later steps of a job in GitHub Actions.
func (a *App) writeOutputs(r result.Report) error {
	path := a.env("GITHUB_OUTPUT")
	if path == "" || a.env("GITHUB_ACTIONS") != "true" {
		return nil
	}
	// It exists, and may hold what the step wrote already.
	f, err := safefile.Append(path)
	if err == nil {
		err = errors.Join(github.WriteOutputs(f, r), f.Close())
	}
	if err != nil {
		return fmt.Errorf("cannot write the outputs of the step: %w", err)
	}
	return nil
}
