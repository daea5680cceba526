package matrix

import (
	"slices"

	"github.com/flakeci/flakeci/result"
)

// kindAll stands for every kind but vm.
const kindAll = "all"

// ParseKinds returns the kinds with these names, without repetition and in display order. "all"
// means every kind but vm: booting machines is costly and must be requested by name. An unknown
// name is an [*UnknownError].
func ParseKinds(names []string) ([]result.Kind, error) {
	wanted := map[result.Kind]bool{}
	for _, name := range names {
		switch {
		case name == kindAll:
			for _, k := range result.Kinds() {
				wanted[k] = wanted[k] || k != result.KindVM
			}
		case slices.Contains(result.Kinds(), result.Kind(name)):
			wanted[result.Kind(name)] = true
		default:
			return nil, newUnknownError("kind", name, append([]string{kindAll}, kindNames(result.Kinds())...))
		}
	}
	return slices.DeleteFunc(result.Kinds(), func(k result.Kind) bool { return !wanted[k] }), nil
}

// kindNames returns the kinds as plain strings.
func kindNames(kinds []result.Kind) []string {
	names := make([]string, 0, len(kinds))
	for _, k := range kinds {
		names = append(names, string(k))
	}
	return names
}
