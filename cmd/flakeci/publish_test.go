package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/result"
)

// The exit code follows the verdict. A report that cannot be written only changes that of a
// run that passed.
func TestExitCodes(t *testing.T) {
	for verdict, want := range map[result.Verdict][2]int{ // with all reports, and without one that could not be written
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
			if printed := strings.Count(stderr.String(), "the disk is full"); printed != i {
				t.Errorf("%q: the error is printed %d times: %s", verdict, printed, stderr.String())
			}
		}
	}
}
