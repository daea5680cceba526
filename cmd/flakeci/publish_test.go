package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/result"
)

// The exit code follows the verdict. That a report could not be written changes that of
// a run that passed, and of no other.
func TestExitCodes(t *testing.T) {
	for verdict, want := range map[result.Verdict][2]int{ // with all reports, and with one that could not be written
		result.VerdictPassed:   {exitPassed, exitError},
		result.VerdictFailed:   {exitFailed, exitFailed},
		result.VerdictError:    {exitError, exitError},
		result.VerdictCanceled: {exitInterrupted, exitInterrupted},
		"":                     {exitError, exitError},
		"melted":               {exitError, exitError},
	} {
		for i, unwritten := range []error{nil, errors.New("cannot write the report: the disk is full")} {
			var stderr bytes.Buffer
			a := &App{Stderr: &stderr}
			if got := a.exit(t.Context(), a.finish(result.Report{Verdict: verdict}, unwritten)); got != want[i] {
				t.Errorf("%q with %v: exit code %d, want %d", verdict, unwritten, got, want[i])
			}
			if said := strings.Count(stderr.String(), "the disk is full"); said != i {
				t.Errorf("%q: what could not be written is said %d times: %s", verdict, said, stderr.String())
			}
		}
	}
}
