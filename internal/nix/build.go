package nix

import (
	"context"
	"errors"
	"io"

	"github.com/flakeci/flakeci/internal/proc"
)

// BuildResult is what one `nix build` did. Failures are its leaves; what only
// suffered from them is in Victims.
type BuildResult struct {
	// Built lists the derivations whose builder was started, in order.
	Built    []string
	Failures []BuildFailure
	Victims  []string
	Usage    proc.Usage
}

// BuildFailure is a derivation that could not be built, and why.
type BuildFailure struct {
	// DrvPath is empty for a fault that is not of one derivation.
	DrvPath string
	Kind    FailureKind
	// ExitCode and Signal are the builder's; 0 where it did not end so.
	ExitCode, Signal int
	// Message is Nix's word on it.
	Message string
	// Tail is the end of the builder's log, oldest line first.
	Tail []string
	// Server is whom nothing could be had from, as scheme://host, and Reason why, if
	// a substituter is to blame and Nix said so.
	Server, Reason string
}

// FailureKind sorts failures by what there is to do about them. The words are
// those of a cause's kind in the report.
type FailureKind string

// The kinds of failure that a build can end in.
const (
	FailBuilder     FailureKind = "build"
	FailHash        FailureKind = "hash-mismatch"
	FailFeature     FailureKind = "missing-feature"
	FailSystem      FailureKind = "unsupported-system"
	FailDisk        FailureKind = "disk-full"
	FailTimeout     FailureKind = "timeout"
	FailDaemon      FailureKind = "daemon"
	FailSubstituter FailureKind = "substituter"
	FailRemote      FailureKind = "builder"
	FailOther       FailureKind = "infra"
)

// BuildWatcher is told what a build does while it does it. Any field may be
// nil. Lines are as the builder wrote them: clean them before showing them.
type BuildWatcher struct {
	Start func(drv string) // its builder starts
	End   func(drv string) // its builder has ended, whatever way
	Log   func(drv, line string)
}

// Build realises a derivation and goes on after a failure as far as it can. A
// failed build is a result; the error is for a build that could not be done or
// was interrupted.
func (c *Client) Build(ctx context.Context, drv string, w BuildWatcher) (BuildResult, error) {
	p := newBuildLog(w)
	usage, err := c.run(ctx, call{
		sub: []string{"build"}, builds: true,
		args: []string{c.Version.installable(drv), "--no-link", "--keep-going", "--log-format", "internal-json", "-v",
			// How often, in seconds, to look whether another nix is done with a
			// derivation that both need; the default of 5 is felt.
			"--option", "build-poll-interval", "1"},
		line: p.line,
	})
	if err == nil {
		return BuildResult{Built: p.built, Usage: usage}, nil
	}
	res := p.result()
	res.Usage = usage
	if ctx.Err() != nil {
		return res, err
	}
	var died *proc.Error
	if len(res.Failures) == 0 && errors.As(err, &died) {
		res.Failures = []BuildFailure{classify(p.lastWord(died))}
	}
	return res, nil
}

// Log writes the whole log of a derivation that was built or failed before.
func (c *Client) Log(ctx context.Context, drv string, w io.Writer) error {
	_, err := c.run(ctx, call{sub: []string{"log"}, args: []string{drv}, stdout: w})
	return err
}

// LogTail gives the last lines of such a log, none if it is not to be had.
func (c *Client) LogTail(ctx context.Context, drv string) []string {
	var t tail
	cmd := c.command(call{sub: []string{"log"}, args: []string{drv}})
	cmd.OnStdout = func(line []byte) { t.add(string(line)) }
	if _, err := cmd.Run(ctx); err != nil {
		return nil
	}
	return t.lines
}
