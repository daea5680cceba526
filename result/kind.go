package result

// Kind is the kind of flake output that a cell is.
type Kind string

// The kinds of cells.
const (
	KindNixOS     Kind = "nixos"     // the system of a NixOS host
	KindHome      Kind = "home"      // a home-manager home, embedded in a host or not
	KindVM        Kind = "vm"        // a NixOS host booted as a virtual machine
	KindDarwin    Kind = "darwin"    // the system of a nix-darwin host
	KindDroid     Kind = "droid"     // the system of a nix-on-droid device
	KindSystem    Kind = "system"    // a configuration of system-manager, for a host with another Linux
	KindCheck     Kind = "check"     // one of the flake's checks
	KindPackage   Kind = "package"   // one of the flake's packages
	KindDevShell  Kind = "devshell"  // one of the flake's development shells
	KindFormatter Kind = "formatter" // the flake's formatter for one system
)

// IsHost reports whether cells of the kind are systems of hosts.
func (k Kind) IsHost() bool {
	return k == KindNixOS || k == KindDarwin || k == KindDroid || k == KindSystem
}

// Kinds lists every kind in the order in which cells are sorted and shown.
func Kinds() []Kind {
	return []Kind{
		KindNixOS, KindHome, KindVM, KindDarwin, KindDroid, KindSystem,
		KindCheck, KindPackage, KindDevShell, KindFormatter,
	}
}
