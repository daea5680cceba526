// Package bench makes the synthetic fleets, of any size and weight, that `make bench`
// measures flakeci with. Its benchmarks are the scenarios, run with flakeci and with what
// people use without it. docs/performance.md says what is measured and how.
package bench

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Fleet is a flake of hosts that all have the same users. Its cells are the hosts and the
// homes. The zero value works for every field except Busybox, System and Salt.
type Fleet struct {
	// Salt is in the name of everything that is built; a new one makes a fleet that is new
	// to the store. It consists of letters, digits and dashes.
	Salt string
	// System is Nix's name for this machine, such as x86_64-linux.
	System string
	// Busybox is the folder in the store with the busybox that builds everything.
	Busybox string

	Hosts int
	Users int // homes for each host

	// Weight is what it takes to evaluate a host. Homes weigh nothing.
	Weight Weight
	// Build is how long each derivation waits in its build.
	Build time.Duration
	// Work is how many steps of a shell loop each derivation also runs: 50000 take about 40
	// milliseconds of CPU time on a machine of 2024.
	Work int
	// Chains is the number of chains of dependencies, with ChainLength derivations each.
	// Every cell needs two neighboring chains.
	Chains, ChainLength int
	// Broken is how many chains fail at their first link.
	Broken int
	// Checks makes all cells checks, for `nix flake check`, which looks at homes and builds
	// hosts only there.
	Checks bool
}

// Weight is what it takes to evaluate a host. Each megabyte goes to attribute sets, strings
// and lists, as in the merging of modules. A third of them stays alive.
type Weight struct {
	// Own is how many megabytes a host allocates for itself, Shared how many are allocated
	// once for all hosts that one process evaluates.
	Own, Shared int
	// Lookups is how often all of it is searched, which takes time and no memory.
	Lookups int
}

// Heavy returns about the weight of a NixOS host: 1.5 seconds on a machine of 2024, and 400
// MB, including Nix itself. A fifth of it is shared.
func Heavy() Weight { return Weight{Own: 270, Shared: 70, Lookups: 120} }

//go:embed fleet/flake.nix
var flake []byte

// Write writes the flake into an existing folder.
func (f Fleet) Write(dir string) error {
	size, err := json.Marshal(map[string]any{
		"salt": f.Salt, "system": f.System, "busybox": f.Busybox,
		"hosts": f.Hosts, "users": f.Users, "checks": f.Checks,
		"ownMegabytes": f.Weight.Own, "sharedMegabytes": f.Weight.Shared, "lookups": f.Weight.Lookups,
		"buildSeconds": fmt.Sprint(f.Build.Seconds()), "buildSteps": f.Work,
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

// Bound returns the least time that building everything can take with that many builds at
// once: all work divided evenly, or the longest chain with the cell at its end.
func (f Fleet) Bound(jobs int) time.Duration {
	work := time.Duration(f.Hosts*(1+f.Users)+f.Chains*f.ChainLength) * f.Build / time.Duration(jobs)
	longest := f.Build
	if f.Chains > 0 {
		longest = time.Duration(f.ChainLength+1) * f.Build
	}
	return max(work, longest)
}
