package nix

import (
	"context"

	"github.com/flakeci/flakeci/internal/nix/flaketree"
	"github.com/flakeci/flakeci/internal/nix/source"
	"github.com/flakeci/flakeci/internal/nix/unit"
	"github.com/flakeci/flakeci/result"
)

// UnitPlace finds where the flake itself declares a systemd unit of a host, such as
// "backup.service". The place is empty if the flake does not declare it, or the host does
// not evaluate. The error is for an evaluation that could not be run.
func (t *Target) UnitPlace(ctx context.Context, host, name string) (result.Location, error) {
	function := unit.Query(host, name)
	if function == "" {
		return result.Location{}, nil
	}
	var got unit.Definitions
	if _, err := t.Eval(ctx, function, &got); err != nil {
		if isConfined(err) {
			err = nil
		}
		return result.Location{}, err
	}
	flake := t.Flake
	// A dirty tree that has changed since it was opened has another path by now.
	if flaketree.IsSource(got.Root) {
		flake.StorePath, flake.source = got.Root, source.NewTree(got.Root, flake.Dir)
	}
	return got.Place(flake.tree()), nil
}
