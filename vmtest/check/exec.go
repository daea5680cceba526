package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/vmtest/guestagent"
)

// Scripts get values as positional parameters, never as part of their text. NixOS has
// /bin/sh like any other system; other programs are looked up where NixOS has them, then
// where other systems do.
const (
	guestShell = "/bin/sh"
	guestPath  = `PATH=/run/wrappers/bin:/run/current-system/sw/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin; export PATH; `

	// The agent has no time limit of its own.
	guestLimited = guestPath + `limit=$1; shift; exec timeout -k 2 "$limit" ` + guestShell + ` -c "$@" </dev/null`
)

// The exit codes of timeout: after SIGTERM and after SIGKILL.
const (
	exitTimeout = 124
	exitKilled  = 128 + 9
	// busybox' timeout exits with the signal that ended the program.
	exitTerminated = 128 + 15
)

// errTimedOut means that the guest's own limit was reached.
var errTimedOut = errors.New("no answer in time")

// probe runs a short script in the guest and returns what it prints. The script must exit
// with 0.
func probe(ctx context.Context, g Guest, limit time.Duration, script string, args ...string) (stdout []byte, err error) {
	res, err := probeResult(ctx, g, limit, script, args...)
	return res.Stdout, err
}

// probeResult is like probe and also returns standard error.
func probeResult(ctx context.Context, g Guest, limit time.Duration, script string, args ...string) (guestagent.Result, error) {
	argv := append([]string{"-c", guestLimited, "sh", guestSeconds(limit), script, "sh"}, args...)
	res, err := execWithin(ctx, g, limit, guestagent.Command{Path: guestShell, Args: argv})
	switch {
	case err != nil:
		return res, err
	case res.ExitCode == exitTimeout || res.ExitCode == exitKilled || res.ExitCode == exitTerminated:
		return res, errTimedOut
	case res.ExitCode != 0 || res.Signal != 0:
		return res, ScriptError(res)
	}
	return res, nil
}

// timedOutObservation turns errTimedOut into an observation.
func timedOutObservation(err error, limit time.Duration) (observation, error) {
	if errors.Is(err, errTimedOut) {
		return observation{timedOut: true, seen: fmt.Sprintf("no answer within %s", limit)}, nil
	}
	return observation{}, err
}

// ScriptError says why a script failed in the guest.
func ScriptError(res guestagent.Result) error {
	how := fmt.Sprintf("exit code %d", res.ExitCode)
	if res.Signal != 0 {
		how = fmt.Sprintf("signal %d", res.Signal)
	}
	lines := LastLines(res.Stderr, 1)
	if len(lines) == 0 {
		return fmt.Errorf("the query in the guest ended with %s", how)
	}
	return fmt.Errorf("the query in the guest ended with %s: %s", how, lines[0])
}

// guestSeconds formats a duration for timeout and curl.
func guestSeconds(d time.Duration) string {
	return strconv.FormatFloat(max(d, time.Millisecond).Seconds(), 'f', 3, 64)
}

// How much of a guest's output is shown.
const (
	detailLines = 20
	detailWidth = 1000 // bytes of a line
	wordWidth   = 200  // bytes of a word inside a sentence
)

// LastLines returns the last n lines of an output, n > 0, without empty lines at its end.
func LastLines(output []byte, n int) []string {
	output = bytes.TrimRight(output, "\r\n\t ")
	if len(output) == 0 {
		return nil
	}
	start := len(output)
	for ; n > 0 && start >= 0; n-- {
		start = bytes.LastIndexByte(output[:start], '\n')
	}
	lines := strings.Split(string(output[start+1:]), "\n")
	for i, line := range lines {
		lines[i] = clean.Shorten(strings.TrimRight(line, "\r"), detailWidth)
	}
	return lines
}

// joinList joins the parts of an enumeration.
func joinList(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}
