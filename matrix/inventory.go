package matrix

// Inventory lists by name what a flake offers. Order and repetition do not
// matter. Names are attribute names as they are, unquoted.
type Inventory struct {
	NixOS      []string   // names in nixosConfigurations
	Darwin     []string   // names in darwinConfigurations
	Homes      []Home     // homes of homeConfigurations, wherever that stands
	Embedded   []Embedded // homes inside hosts, where that was asked beforehand
	Checks     []Output   // checks.<system>.<name>
	Packages   []Output   // packages.<system>.<name>
	DevShells  []Output   // devShells.<system>.<name>
	Formatters []string   // systems that formatter has an entry for
}

// Home is one entry of homeConfigurations.
type Home struct {
	Key      string // its attribute name, such as joachim@reason
	System   string // the system of legacyPackages.<system>.homeConfigurations, empty for the one at the top
	Username string // config.home.username, empty where it was not asked
}

// Embedded is one entry of home-manager.users in a host's configuration.
type Embedded struct {
	Host     string // name of the host, a NixOS one if both kinds have that name
	User     string // attribute name in home-manager.users
	Username string // its home.username, empty where it was not asked
}

// Output is one output that a flake has for each system.
type Output struct {
	System string // such as x86_64-linux
	Name   string // attribute name below the system
}
