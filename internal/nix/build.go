package nix

import (
	"context"
	"errors"
	"io"
	"strconv"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/result"
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
	Kind    result.CauseKind
	// ExitCode and Signal are the builder's; 0 where it did not end so.
	ExitCode, Signal int
	// Missing are the system features that it needs and this machine lacks, System what
	// it is to be built for if this machine cannot.
	Missing []string
	System  string
	// Message is Nix's word on it.
	Message string
	// Tail is the end of the builder's log, oldest line first, and Log more of it, for
	// where Nix keeps none: all, or of a long one the end.
	Tail []string
	Log  string
	// Server is whom nothing could be had from, as scheme://host, and Reason why, if
	// a substituter or a remote builder is to blame and Nix said so.
	Server, Reason string
}

// BuildWatcher is told what a build does while it does it. Any field may be
// nil. Lines are as the builder wrote them: clean them before showing them.
type BuildWatcher struct {
	Start func(drv string) // its builder starts
	End   func(drv string) // its builder has ended, whatever way
	// Done says that what was built is in the store. Versions before 2.34 do not
	// tell it of the derivations that were asked for.
	Done func(drv string)
	Log  func(drv, line string)
}

// Build realises derivations and goes on after a failure as far as it can. A
// failed build is a result; the error is for a build that could not be done or
// was interrupted. Not every version tells of all that failed of those that were
// asked for, see [Version.NamesAllFailures]. Jobs is how many builders may run at once on this machine; 0
// leaves it to Nix's own settings.
func (c *Client) Build(ctx context.Context, drvs []string, jobs int, w BuildWatcher) (BuildResult, error) {
	if len(drvs) == 0 {
		return BuildResult{}, nil // Nix would build the flake in this folder
	}
	p := newBuildLog(w)
	k := realise(drvs, "--keep-going", "-v",
		// How often, in seconds, to look whether another nix is done with a
		// derivation that both need; the default of 5 is felt.
		"--option", "build-poll-interval", "1")
	if jobs > 0 {
		k.args = append(k.args, "--max-jobs", strconv.Itoa(jobs))
	}
	k.line = p.line
	usage, err := c.run(ctx, k)
	p.end()
	if err == nil {
		return BuildResult{Built: p.built, Usage: usage}, nil
	}
	res := p.result()
	res.Usage = usage
	if ctx.Err() != nil {
		return res, err
	}
	if len(res.Failures) == 0 {
		var died *proc.Error
		if !errors.As(err, &died) {
			return res, err
		}
		f := classify(p.lastWord(died))
		if outOfRoom(err) {
			f.Kind = result.CauseDisk
		}
		res.Failures = []BuildFailure{f}
	}
	return res, nil
}

// realise is a call of `nix build` for derivations.
func realise(drvs []string, args ...string) call {
	return call{
		sub: []string{"build"}, args: append([]string{"--no-link", "--log-format", "internal-json"}, args...),
		paths: drvs, outputs: true, reads: true,
	}
}

// Log writes the whole log of a derivation that was built or failed before, if the
// store has it. Substituters have the log of a build that went well.
func (c *Client) Log(ctx context.Context, drv string, w io.Writer) error {
	_, err := c.run(ctx, call{sub: []string{"log"}, args: []string{"--option", "substituters", ""}, paths: []string{drv}, stdout: w})
	return err
}
