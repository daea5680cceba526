// Package bench holds what `make bench` measures flakeci with: fleets that are made
// up, of any size and weight, and a look at what a tree of processes uses. The
// scenarios and the ways that people do without flakeci are its benchmarks.
// docs/performance.md says what is measured and how.
package bench

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Fleet is a flake of hosts that have the same users each. Its cells are the hosts
// and the homes. The zero value of every field but Busybox, System and Salt works.
type Fleet struct {
	// Salt is in the name of everything that is built; a new one makes a fleet of
	// which the store knows nothing. It consists of letters, digits and dashes.
	Salt string
	// System is what Nix calls this machine, such as x86_64-linux.
	System string
	// Busybox is the folder in the store with the busybox that everything is built by.
	Busybox string

	Hosts int
	Users int // homes for each host

	// Weight is what it takes to evaluate a host. Homes weigh nothing.
	Weight Weight
	// Build is how long each derivation builds, by waiting.
	Build time.Duration
	// Steps is how many steps of a shell's loop each takes besides: 50000 are some 40
	// milliseconds of CPU time on a machine of 2024.
	Steps int
	// Chains is how many chains of dependencies there are, of ChainLength
	// derivations each. Every cell needs two neighbours of them.
	Chains, ChainLength int
	// Broken is how many chains fail with their first link.
	Broken int
	// Checks makes checks of all cells, for `nix flake check`, which looks at homes
	// and builds hosts only there.
	Checks bool
}

// Weight is what it takes to evaluate a host. Each megabyte goes to attribute sets,
// strings and lists as merging modules has them, of which a third lives on.
type Weight struct {
	// Own is how many megabytes are allocated for a host alone, Shared how many for
	// all hosts that are evaluated by one process.
	Own, Shared int
	// Lookups is how often all of it is looked through, which takes time and no
	// memory.
	Lookups int
}

// Heavy is about what a NixOS host weighs: on a machine of 2024 1.5 seconds and 400
// MB, Nix itself included, of which a fifth is shared.
func Heavy() Weight { return Weight{Own: 270, Shared: 70, Lookups: 120} }

//go:embed fleet/flake.nix
var flake []byte

// Write writes the flake into a folder that is there.
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

// Cells lists the attribute paths of what there is to build, hosts first.
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

// MinDuration is the least time that building all of it can take with so many builds at
// once: all work shared out evenly, or the longest chain with the cell at its end.
func (f Fleet) MinDuration(jobs int) time.Duration {
	work := time.Duration(f.Hosts*(1+f.Users)+f.Chains*f.ChainLength) * f.Build / time.Duration(jobs)
	longest := f.Build
	if f.Chains > 0 {
		longest = time.Duration(f.ChainLength+1) * f.Build
	}
	return max(work, longest)
}
