package nix

import (
	"context"
	"strings"
)

// sinceDrvRoots is a version that takes the path of a .drv for the file itself. 2.8 would
// build it. Versions between them were not tried.
func sinceDrvRoots() Version { return Version{2, 26, 0} }

// Root keeps store paths, and everything that they refer to, from being collected as garbage for
// as long as the links that it makes exist: link, link-1 and so on. Versions before 2.26 do not
// keep derivations.
func (c *Client) Root(ctx context.Context, link string, paths []string) error {
	var kept []string
	for _, p := range paths {
		if !strings.HasSuffix(p, ".drv") || !c.Version.Less(sinceDrvRoots()) {
			kept = append(kept, p)
		}
	}
	if len(kept) == 0 || c.stores.elsewhere() != "" { // links are for this machine's store
		return nil
	}
	_, err := c.run(ctx, call{sub: []string{"build"}, args: []string{"--out-link", link}, paths: kept, reads: true, limit: c.limits.store})
	return err
}
