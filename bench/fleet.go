// Package bench makes the synthetic fleets of `make bench`. Its tests measure what a tree of
// processes uses, and run the scenarios that compare flakeci with other ways to build a fleet.
// docs/performance.md describes what they measure and how.
package bench

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Fleet is a flake of hosts with the same users. Its cells are the hosts and the homes. Every
// field but Busybox, System and Salt is optional.
type Fleet struct {
	// Salt is in the name of every derivation; a new one makes a fleet that is not in the store.
	// It consists of letters, digits and dashes.
	Salt string
	// System is Nix's name of this machine's system, such as x86_64-linux.
	System string
	// Busybox is the store path of the busybox that builds everything.
	Busybox string

	Hosts int
	Users int // homes for each host

	// Weight is the cost of evaluating a host. Homes cost nothing.
	Weight Weight
	// Build is how long each derivation sleeps.
	Build time.Duration
	// Steps is how many steps of a shell's loop each derivation takes in addition: 50000 are some
	// 40 milliseconds of CPU time on a machine of 2024.
	Steps int
	// Chains is the number of chains of dependencies, with ChainLength derivations each. Every
	// cell needs two adjacent chains.
	Chains, ChainLength int
	// Broken is how many chains fail at their first link.
	Broken int
	// Checks adds checks for all cells: `nix flake check` evaluates homes and builds hosts only as
	// checks.
	Checks bool
}

// Weight is the cost of evaluating a host. The memory goes to attribute sets, strings and lists,
// as in merging modules; a third of it lives on.
type Weight struct {
	// Own is how many megabytes each host allocates, Shared how many all hosts of one process
	// allocate together.
	Own, Shared int
	// Lookups is how often all of it is searched, which takes time but no memory.
	Lookups int
}

// Heavy is about the weight of a NixOS host: on a machine of 2024 1.5 seconds and 400 MB, Nix
// itself included, of which a fifth is shared.
func Heavy() Weight { return Weight{Own: 270, Shared: 70, Lookups: 120} }

//go:embed fleet/flake.nix
var flake []byte

// Write writes the flake into an existing folder.
func (f Fleet) Write(dir string) error {
	size, err := json.Marshal(map[string]any{
		"salt": f.Salt, "system": f.System, "busybox": f.Busybox,
		"hosts": f.Hosts, "users": f.Users, "checks": f.Checks,
		"ownMegabytes": f.Weight.Own, "sharedMegabytes": f.Weight.Shared, "lookups": f.Weight.Lookups,
		"buildSeconds": fmt.Sprint(f.Build.Seconds()), "buildSteps": f.Steps,
		"chains": f.Chains, "chainLength": f.ChainLength, "broken": f.Broken,
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "fleet.json"), size, 0o666); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "flake.nix"), flake, 0o666)
}

// Cells lists the attribute paths of the cells, hosts first.
func (f Fleet) Cells() []string {
	var hosts, homes []string
	for h := range f.Hosts {
		hosts = append(hosts, fmt.Sprintf("nixosConfigurations.host%d.config.system.build.toplevel", h+1))
		for u := range f.Users {
			homes = append(homes, fmt.Sprintf(`homeConfigurations."user%d@host%d".activationPackage`, u+1, h+1))
		}
	}
	return append(hosts, homes...)
}

// MinDuration returns the minimum time to build everything with a number of parallel jobs: the
// evenly divided work, or the longest chain with the cell at its end.
func (f Fleet) MinDuration(jobs int) time.Duration {
	work := time.Duration(f.Hosts*(1+f.Users)+f.Chains*f.ChainLength) * f.Build / time.Duration(jobs)
	longest := f.Build
	if f.Chains > 0 {
		longest = time.Duration(f.ChainLength+1) * f.Build
	}
	return max(work, longest)
}
