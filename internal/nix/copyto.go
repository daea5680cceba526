package nix

import (
	"context"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
)

// CopyOptions say where to copy paths, and how.
type CopyOptions struct {
	// To is the URL of the other store.
	To string
	// Env is added to the client's environment, such as the credentials of the other store.
	Env []string
	// Alive is called whenever the copy gets on. It may be nil.
	Alive func()
}

// knownFor is how long, in seconds, Nix may remember that another store has a path. It usually does
// for 30 days, but the store may have been cleaned up since.
const knownFor = "3600"

// Copy copies store paths and what they need to another store, as far as that lacks them. It
// returns the paths that it began to copy: all of them have arrived if there is no error.
func (c *Client) Copy(ctx context.Context, paths []string, o CopyOptions) (started []string, err error) {
	if len(paths) == 0 {
		return nil, nil // Nix would take the flake in this folder
	}
	var log nixlog.CopyLog
	k := call{sub: []string{"copy"}, args: []string{"--to", o.To, "--log-format", "internal-json", "--option", "narinfo-cache-positive-ttl", knownFor}, paths: paths, reads: true, env: o.Env}
	if strings.HasPrefix(o.To, "ssh") {
		// The other machine may be closer to the binary caches than this one.
		k.args = append(k.args, "--substitute-on-destination")
	}
	last := ""
	k.line = func(line []byte) {
		log.Line(line)
		// Nix 2.8 repeats the same progress while a server says nothing.
		if o.Alive != nil && string(line) != last {
			last = string(line)
			o.Alive()
		}
	}
	if _, err = c.run(ctx, k); err != nil {
		explain(err, log.Errors())
	}
	return log.Started, err
}

// Signed returns which of some paths the store has, and whether other stores can trust them: paths
// that are signed, or whose names are hashes of their contents.
func (c *Client) Signed(ctx context.Context, paths []string) (map[string]bool, error) {
	if err := c.store.Check(paths...); err != nil {
		return nil, err
	}
	signed := map[string]bool{}
	for batch := range slices.Chunk(paths, localBatch) {
		infos, err := c.pathInfos(ctx, batch)
		if err != nil {
			return nil, err
		}
		for _, info := range infos {
			signed[info.Path] = len(info.Signatures) > 0 || info.CA != ""
		}
	}
	return signed, nil
}
