package runner

import (
	"context"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

// Others returns the cells that a flake offers besides hosts and homes, by the names of its
// attributes. It returns an error if those cannot be listed.
func Others(ctx context.Context, t *nix.Target) ([]result.Cell, error) {
	offer, err := t.OtherNames(ctx)
	if err != nil {
		return nil, err
	}
	return matrix.New(matrix.Inventory{
		Formatters: offer.Formatters, Checks: outputs(offer.Checks),
		Packages: outputs(offer.Packages), DevShells: outputs(offer.DevShells),
	}).Cells, nil
}
