package matrix

import (
	"cmp"
	"slices"
)

// check looks for names that are nowhere in the flake. It looks at all of the
// flake rather than at what an earlier selection left, so that selecting the
// same twice is no error.
func (s Selection) check(o *offer) error {
	var hosts, vms, ids, systems []string
	for _, c := range o.cells {
		ids = append(ids, c.ID)
		if c.Kind == KindVM {
			vms = append(vms, c.Host)
		}
		if o.isOrphan(c) {
			hosts = append(hosts, c.Host)
		}
		if c.System != "" {
			systems = append(systems, c.System)
		}
	}
	hosts = append(hosts, o.hosts...)
	systems = append(systems, nixSystems()...)
	return cmp.Or(
		known("host", s.Hosts, hosts),
		known("vm", s.VMs, vms),
		known("user", s.Users, o.users),
		known("kind", kindNames(s.Kinds), kindNames(Kinds())),
		known("system", s.Systems, systems),
		checkGlobs(s.Cells, ids, true),
		checkGlobs(s.Exclude, ids, false),
	)
}

// checkGlobs looks for patterns that cannot be read, unless they are ids. If they
// must, some pattern has to match a cell of the flake.
func checkGlobs(patterns, ids []string, must bool) error {
	matched := false
	for _, pattern := range patterns {
		g, err := ParseGlob(pattern)
		found := slices.ContainsFunc(ids, g.Match)
		if !found && err != nil {
			return err
		}
		matched = matched || found
	}
	if must && !matched && len(patterns) > 0 {
		return unknown("cell", patterns[0], ids)
	}
	return nil
}

// known returns an error for the first name that is not among those there are.
func known(filter string, names, all []string) error {
	all = slices.Compact(slices.Sorted(slices.Values(all)))
	for _, name := range names {
		if !slices.Contains(all, name) {
			return unknown(filter, name, all)
		}
	}
	return nil
}

// nixSystems lists systems that a cell may turn out to be for, which is all one
// can check a system against as long as none of the cells is evaluated.
func nixSystems() []string {
	return []string{
		"aarch64-darwin", "aarch64-linux", "armv6l-linux", "armv7l-linux", "i686-linux",
		"powerpc64le-linux", "riscv64-linux", "x86_64-darwin", "x86_64-linux",
	}
}
