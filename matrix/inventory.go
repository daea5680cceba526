package matrix

import "github.com/flakeci/flakeci/result"

// Inventory lists what a flake offers, as unquoted attribute names. Order and repetition do not
// matter.
type Inventory struct {
	NixOS      []string   // names in nixosConfigurations
	Darwin     []string   // names in darwinConfigurations
	Colmena    []string   // names in colmenaHive.nodes, which are NixOS hosts
	Nested     []Output   // NixOS hosts in legacyPackages.<system>.nixosConfigurations
	Droid      []string   // names in nixOnDroidConfigurations
	Managed    []Output   // names in systemConfigs, or below a system there
	Homes      []Home     // homes in homeConfigurations, at the top or in legacyPackages
	Embedded   []Embedded // homes inside hosts, if they are already known
	Checks     []Output   // checks.<system>.<name>
	Packages   []Output   // packages.<system>.<name>
	DevShells  []Output   // devShells.<system>.<name>
	Formatters []string   // systems that have a formatter

	Infos map[string]result.HostInfo // what hosts say about themselves, as far as they were asked
}

// Home is one entry of homeConfigurations.
type Home struct {
	Key      string // its attribute name, such as joachim@reason
	System   string // if it is in legacyPackages.<system>.homeConfigurations
	Username string // config.home.username, empty if unknown
}

// Embedded is one entry of home-manager.users in a host's configuration.
type Embedded struct {
	Host     string // name of the host; if both kinds have it, the NixOS host
	In       string // id of the host's cell; empty for the one in nixosConfigurations or darwinConfigurations
	User     string // attribute name in home-manager.users
	Username string // its home.username, empty if unknown
}

// Output is one output that a flake has for each system.
type Output struct {
	System string // such as x86_64-linux
	Name   string // attribute name below the system
}
