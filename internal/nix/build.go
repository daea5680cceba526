package nix

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/result"
)

// BuildResult is what one `nix build` did.
type BuildResult struct {
	// Built lists the derivations whose builder started, in order.
	Built []string
	// Failures are the derivations whose own build failed. Victims are those that need one of
	// them.
	Failures []nixlog.BuildFailure
	Victims  []string
	// Unreachable are the remote builders that could not be used, as scheme://host, and why.
	Unreachable map[string]string
	Usage       proc.Usage
}

// Build realizes derivations and continues after a failure as far as it can. A failed
// build is a result; the error is for a build that could not be tried, or was interrupted.
// Not every version names all failures, see [Version.NamesAllFailures]. Jobs is how many
// builders may run at once on this machine. 0 leaves that to Nix's own settings.
func (c *Client) Build(ctx context.Context, drvs []string, jobs int, w nixlog.BuildWatcher) (BuildResult, error) {
	if len(drvs) == 0 {
		return BuildResult{}, nil // Nix would take the flake in this folder
	}
	if start := w.Start; start != nil {
		w.Start = func(drv, builder string) { start(drv, cmp.Or(builder, c.stores.elsewhere())) }
	}
	log := nixlog.NewBuildLog(w)
	log.Store = c.stores.elsewhere()
	k := realize(drvs, "--keep-going", "-v",
		// How often, in seconds, to check whether another nix has built a derivation that both
		// need. The default of 5 makes a run noticeably slower.
		"--option", "build-poll-interval", "1")
	if jobs > 0 {
		k.args = append(k.args, "--max-jobs", strconv.Itoa(jobs))
	}
	k.line = log.Line
	usage, err := c.runUntil(ctx, k, log.Stuck)
	log.Finish()
	res := BuildResult{Built: log.Built, Unreachable: log.Unreachable(), Usage: usage}
	if err == nil {
		return res, nil
	}
	res.Failures, res.Victims = log.Failures()
	if ctx.Err() != nil {
		return res, err
	}
	if len(res.Failures) == 0 {
		var died *proc.Error
		if !errors.As(err, &died) && !log.Stuck() {
			return res, err
		}
		f := log.Unnamed(fmt.Sprintf("nix build: %v", died))
		if diskFull(err) {
			f.Kind = result.CauseDisk
		}
		res.Failures = []nixlog.BuildFailure{f}
	}
	return res, nil
}

// realize is a call of `nix build` for derivations.
func realize(drvs []string, args ...string) call {
	return call{
		sub: []string{"build"}, args: append([]string{"--no-link", "--log-format", "internal-json"}, args...),
		paths: drvs, outputs: true, reads: true,
	}
}

// Log writes the full log of a derivation that was built, or failed, if the store has it. It does
// not ask substituters: their log would be that of another build, which succeeded.
func (c *Client) Log(ctx context.Context, drv string, w io.Writer) error {
	_, err := c.run(ctx, call{sub: []string{"log"}, args: []string{"--option", "substituters", ""}, paths: []string{drv}, stdout: w})
	return err
}
