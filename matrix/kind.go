package matrix

import "slices"

// Kind is the kind of flake output that a cell is.
type Kind string

// The kinds of cells.
const (
	KindNixOS     Kind = "nixos"     // the system of a NixOS host
	KindHome      Kind = "home"      // a home-manager home, embedded in a host or not
	KindVM        Kind = "vm"        // a NixOS host booted as a virtual machine
	KindDarwin    Kind = "darwin"    // the system of a nix-darwin host
	KindCheck     Kind = "check"     // one of the flake's checks
	KindPackage   Kind = "package"   // one of the flake's packages
	KindDevShell  Kind = "devshell"  // one of the flake's development shells
	KindFormatter Kind = "formatter" // the flake's formatter for one system
)

// kindAll stands for every kind but vm.
const kindAll = "all"

// Kinds lists every kind in the order in which cells are sorted and shown.
func Kinds() []Kind {
	return []Kind{
		KindNixOS, KindHome, KindVM, KindDarwin,
		KindCheck, KindPackage, KindDevShell, KindFormatter,
	}
}

// ParseKinds returns the kinds with these names, without repetition and in display order. "all"
// means every kind but vm: booting machines is costly and must be requested by name. An unknown
// name is an [*UnknownError].
func ParseKinds(names []string) ([]Kind, error) {
	wanted := map[Kind]bool{}
	for _, name := range names {
		switch {
		case name == kindAll:
			for _, k := range Kinds() {
				wanted[k] = wanted[k] || k != KindVM
			}
		case slices.Contains(Kinds(), Kind(name)):
			wanted[Kind(name)] = true
		default:
			return nil, newUnknownError("kind", name, append([]string{kindAll}, kindNames(Kinds())...))
		}
	}
	return slices.DeleteFunc(Kinds(), func(k Kind) bool { return !wanted[k] }), nil
}

// kindNames returns the kinds as plain strings.
func kindNames(kinds []Kind) []string {
	names := make([]string, 0, len(kinds))
	for _, k := range kinds {
		names = append(names, string(k))
	}
	return names
}
