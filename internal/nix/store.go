package nix

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
)

// stores are the store that builds go to, and the one that evaluation writes derivations to.
type stores struct {
	build string // as Nix's setting names it
	eval  string // empty for the same one
}

// remoteScheme is that of a store on a machine that builds there.
const remoteScheme = "ssh-ng://"

// storesOf completes what the user said about stores. If builds go to another machine, evaluation
// stays here: Nix 2.8 can evaluate nothing in such a store, and 2.34 fetches each file on its own.
func storesOf(build, eval string) stores {
	if eval == "" && strings.HasPrefix(build, remoteScheme) {
		eval = "auto"
	}
	return stores{build, eval}
}

// isHere reports whether the paths of a store are files of this machine, under their own names.
func isHere(store string) bool {
	name, parameters, _ := strings.Cut(store, "?")
	return slices.Contains([]string{"", "auto", "daemon", "local", "local://", "unix://"}, name) && !strings.Contains(parameters, "root=")
}

// derivationsAreHere reports whether derivations are files of this machine.
func (s stores) derivationsAreHere() bool { return isHere(cmp.Or(s.eval, s.build)) }

// elsewhere is the machine on which everything is built, as scheme://host, or empty.
func (s stores) elsewhere() string {
	if !strings.HasPrefix(s.build, remoteScheme) {
		return ""
	}
	return nixlog.StripCredentials(s.build)
}

// BuildStore is the store that builds go to, without credentials and parameters if it is on another
// machine.
func (c *Client) BuildStore() string { return cmp.Or(c.stores.elsewhere(), c.stores.build) }

// HasFiles reports whether what was built is among the files of this machine.
func (c *Client) HasFiles() bool { return isHere(c.stores.build) }

// MayLack reports whether a derivation may be missing. It is certain only where derivations are
// files.
func (c *Client) MayLack(drv string) bool {
	if !c.stores.derivationsAreHere() {
		return true
	}
	_, err := os.Lstat(drv)
	return errors.Is(err, fs.ErrNotExist)
}

// ship copies derivations, and what they need to be built, to the store that builds them. Nix 2.8
// would not do that by itself.
func (c *Client) ship(ctx context.Context, drvs []string) error {
	if c.stores.eval == "" {
		return nil
	}
	return c.CopyDerivations(ctx, c.stores.eval, cmp.Or(c.stores.build, "auto"), drvs)
}

// CopyDerivations copies derivations, with all that is needed to build them, from one store to
// another. An empty URL is the store that evaluation writes derivations to. Derivations are named
// after their content, so no store needs to trust another one to take them.
func (c *Client) CopyDerivations(ctx context.Context, from, to string, drvs []string) error {
	return c.copy(ctx, cmp.Or(from, c.stores.eval), cmp.Or(to, c.stores.eval), drvs, "--derivation")
}

// Fetch copies what was built, and all that it needs, to the store of this machine. Nobody has signed
// it, but the user has named the store to build in.
func (c *Client) Fetch(ctx context.Context, paths ...string) error {
	return c.copy(ctx, c.stores.build, "auto", paths, "--no-check-sigs")
}

// copy copies paths from one store to another. An empty URL is the store of the client.
func (c *Client) copy(ctx context.Context, from, to string, paths []string, args ...string) error {
	args = append([]string{"--log-format", "internal-json"}, args...)
	if from != "" {
		args = append(args, "--from", from)
	}
	if to != "" {
		args = append(args, "--to", to)
	}
	for batch := range chunksOf(paths, maxArguments) {
		var log nixlog.ErrorLog
		_, err := c.run(ctx, call{sub: []string{"copy"}, args: args, paths: batch, reads: true, line: log.Line, limit: c.limits.fetching(ctx)})
		if explain(err, &log); err != nil {
			return err
		}
	}
	return nil
}
