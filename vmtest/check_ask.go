package vmtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/flakeci/flakeci/vmtest/guestagent"
)

// Scripts get what they are about as positional parameters, never as text of
// their own. /bin/sh is there on NixOS as anywhere; all else is looked up where
// NixOS has its programs, then where others have them.
const (
	guestShell = "/bin/sh"
	guestPath  = `PATH=/run/wrappers/bin:/run/current-system/sw/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin; export PATH; `

	// The agent has no time limit of its own.
	guestLimited = guestPath + `limit=$1; shift; exec timeout -k 2 "$limit" ` + guestShell + ` -c "$@" </dev/null`
)

// What timeout exits with when the time was over, and when it had to kill.
const (
	exitTimeout = 124
	exitKilled  = 128 + 9
	// busybox' timeout tells what it ended the program by.
	exitTerminated = 128 + 15
)

// errOverdue is a look that took longer than it may.
var errOverdue = errors.New("no answer in time")

// probe runs a short script of ours in the guest and returns what it prints. The
// script tells all it has to tell by that, and exits with 0.
func probe(ctx context.Context, g Guest, limit time.Duration, script string, args ...string) (stdout []byte, err error) {
	res, err := probeResult(ctx, g, limit, script, args...)
	return res.Stdout, err
}

// probeResult is probe with standard error.
func probeResult(ctx context.Context, g Guest, limit time.Duration, script string, args ...string) (guestagent.Result, error) {
	argv := append([]string{"-c", guestLimited, "sh", guestSeconds(limit), script, "sh"}, args...)
	res, err := execWithin(ctx, g, limit, guestagent.Command{Path: guestShell, Args: argv})
	switch {
	case err != nil:
		return res, err
	case res.ExitCode == exitTimeout || res.ExitCode == exitKilled || res.ExitCode == exitTerminated:
		return res, errOverdue
	case res.ExitCode != 0 || res.Signal != 0:
		return res, notAsked(res)
	}
	return res, nil
}

// overdue makes an answer of a look that took too long.
func overdue(err error, limit time.Duration) (answer, error) {
	if errors.Is(err, errOverdue) {
		return answer{timedOut: true, seen: fmt.Sprintf("no answer within %s", limit)}, nil
	}
	return answer{}, err
}

// notAsked says why a script of ours did not work there.
func notAsked(res guestagent.Result) error {
	how := fmt.Sprintf("exit code %d", res.ExitCode)
	if res.Signal != 0 {
		how = fmt.Sprintf("signal %d", res.Signal)
	}
	lines := lastLines(res.Stderr, 1)
	if len(lines) == 0 {
		return fmt.Errorf("asking the guest ended with %s", how)
	}
	return fmt.Errorf("asking the guest ended with %s: %s", how, lines[0])
}

// guestSeconds writes a time as timeout and curl take it.
func guestSeconds(d time.Duration) string {
	return strconv.FormatFloat(max(d, time.Millisecond).Seconds(), 'f', 3, 64)
}

// How much of what a guest prints is shown.
const (
	detailLines = 20
	detailWidth = 1000 // bytes of a line
	wordWidth   = 200  // bytes of a word inside a sentence
)

// lastLines returns the end of an output, n lines from 1 on, without empty lines at its
// end.
func lastLines(output []byte, n int) []string {
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
		lines[i] = shorten(strings.TrimRight(line, "\r"), detailWidth)
	}
	return lines
}

// shorten cuts what a guest gives for a word or a line.
func shorten(s string, width int) string {
	if len(s) <= width {
		return s
	}
	return strings.ToValidUTF8(s[:width], "") + "…"
}

// list puts the parts of a sentence together.
func list(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}
