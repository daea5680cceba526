package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/reports"
)

// The exit code follows the verdict. That a report could not be written changes that of
// a run that passed, and of no other.
func TestExitCodes(t *testing.T) {
	for verdict, want := range map[reports.Verdict][2]int{ // with all reports, and with one that could not be written
		reports.VerdictPassed:   {exitPassed, exitError},
		reports.VerdictFailed:   {exitFailed, exitFailed},
		reports.VerdictError:    {exitError, exitError},
		reports.VerdictCanceled: {exitInterrupted, exitInterrupted},
		"":                      {exitError, exitError},
		"melted":                {exitError, exitError},
	} {
		for i, unwritten := range []error{nil, errors.New("report cannot be written: the disk is full")} {
			var stderr bytes.Buffer
			a := &App{Stderr: &stderr}
			if got := a.exit(t.Context(), a.ending(reports.Report{Verdict: verdict}, unwritten)); got != want[i] {
				t.Errorf("%q with %v: exit code %d, want %d", verdict, unwritten, got, want[i])
			}
			if said := strings.Count(stderr.String(), "the disk is full"); said != i {
				t.Errorf("%q: what could not be written is said %d times: %s", verdict, said, stderr.String())
			}
		}
	}
}
