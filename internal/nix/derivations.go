package nix

import "context"

// CopyDerivations copies derivations, with all that is needed to build them, from one store to
// another. An empty URL is the store of the client. Derivations are named after their content, so
// no store needs to trust another one to take them.
func (c *Client) CopyDerivations(ctx context.Context, from, to string, drvs []string) error {
	args := []string{"--derivation"}
	if from != "" {
		args = append(args, "--from", from)
	}
	if to != "" {
		args = append(args, "--to", to)
	}
	for batch := range chunksOf(drvs, maxArguments) {
		if _, err := c.run(ctx, call{sub: []string{"copy"}, args: args, paths: batch, reads: true, limit: c.limits.fetching(ctx)}); err != nil {
			return err
		}
	}
	return nil
}
