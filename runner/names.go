package runner

import (
	"context"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

// otherNames returns the cells that a flake offers besides hosts and homes, by the names of its
// attributes, and what flakeci does not test there. It returns an error if those cannot be listed.
func otherNames(ctx context.Context, t *nix.Target) ([]result.Cell, []result.NotTested, error) {
	offer, err := t.OtherNames(ctx)
	if err != nil {
		return nil, nil, err
	}
	packages, seen := packages(offer.Packages)
	return matrix.New(matrix.Inventory{
		Formatters: offer.Formatters, Checks: outputs(offer.Checks),
		Packages: packages, DevShells: outputs(offer.DevShells),
	}).Cells, seen, nil
}

// packages separates packages from sets of configurations, which some flakes put among them.
// Looking into those would force every package before a host can begin. home-manager finds homes
// in legacyPackages, too.
func packages(attrs []nix.Attr) (list []matrix.Output, sets []result.NotTested) {
	for _, o := range outputs(attrs) {
		if o.Name != "nixosConfigurations" && o.Name != "homeConfigurations" {
			list = append(list, o)
			continue
		}
		sets = append(sets, result.NotTested{Kind: result.Kind("packages." + o.System + "." + o.Name), Why: "flakeci looks for it in legacyPackages"})
	}
	return list, sets
}
