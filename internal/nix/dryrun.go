package nix

import (
	"context"
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
)

// DryRun returns what Nix would build and fetch to realize derivations together.
func (c *Client) DryRun(ctx context.Context, drvs ...string) (nixlog.Plan, error) {
	if len(drvs) == 0 {
		return nixlog.Plan{}, nil // Nix would take the flake in this folder
	}
	if err := c.ship(ctx, drvs); err != nil {
		return nixlog.Plan{}, err
	}
	var plan nixlog.PlanLog
	var log nixlog.ErrorLog
	k := realize(drvs, "--dry-run")
	k.limit = c.limits.fetching(ctx)
	k.line = func(line []byte) {
		plan.Line(line)
		log.Line(line)
	}
	_, err := c.run(ctx, k)
	explain(err, &log)
	if err == nil && len(plan.Unknown) > 0 {
		err = fmt.Errorf("nix cannot build %s", strings.Join(plan.Unknown, " "))
	}
	return plan.Plan, err
}
