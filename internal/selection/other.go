package selection

import (
	"slices"

	"github.com/flakeci/flakeci/matrix"
)

// OtherPrefixes returns the prefixes of ids of cells that only `nix flake show` lists.
func OtherPrefixes() []string {
	var prefixes []string
	for _, kind := range otherKinds() {
		prefixes = append(prefixes, string(kind)+"/")
	}
	return prefixes
}

// otherKinds returns the kinds that only `nix flake show` lists.
func otherKinds() []matrix.Kind {
	return slices.DeleteFunc(matrix.Kinds(), func(k matrix.Kind) bool { return !IsOther(k) })
}

// IsOther reports whether only `nix flake show` lists a kind.
func IsOther(k matrix.Kind) bool {
	return k == matrix.KindCheck || k == matrix.KindPackage || k == matrix.KindDevShell || k == matrix.KindFormatter
}
