package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/flakeci/flakeci/reports"
)

// writeOutputs hands verdict and counts to later steps of a job in GitHub Actions.
func (a *App) writeOutputs(r reports.Report) error {
	path := a.env("GITHUB_OUTPUT")
	if path == "" || a.env("GITHUB_ACTIONS") != "true" {
		return nil
	}
	// It is there, and may hold what the step has said already. Opening does not wait at a
	// pipe that a program of the job put there.
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err == nil {
		err = errors.Join(reports.WriteOutputs(f, r), f.Close())
	}
	if err != nil {
		return fmt.Errorf("outputs of the step: %w", err)
	}
	return nil
}
