package selection

import (
	"slices"

	"github.com/flakeci/flakeci/result"
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
func otherKinds() []result.Kind {
	return slices.DeleteFunc(result.Kinds(), func(k result.Kind) bool { return !IsOther(k) })
}

// IsOther reports whether only `nix flake show` lists a kind.
func IsOther(k result.Kind) bool {
	return k == result.KindCheck || k == result.KindPackage || k == result.KindDevShell || k == result.KindFormatter
}
