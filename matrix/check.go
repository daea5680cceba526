package matrix

import (
	"cmp"
	"errors"
	"slices"

	"github.com/flakeci/flakeci/result"
)

// check returns an error for names that the flake does not have. It considers the whole flake, not
// just what an earlier selection left, so that making the same selection twice is not an error.
func (s Selection) check(o *offer) error {
	var hosts, vms, ids, systems []string
	for _, c := range o.cells {
		ids = append(ids, c.ID)
		if c.Kind == result.KindVM {
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
		o.checkHosts(s.Hosts, hosts),
		checkNames("vm", s.VMs, vms),
		checkNames("user", s.Users, o.users),
		checkNames("kind", kindNames(s.Kinds), kindNames(result.Kinds())),
		checkNames("system", s.Systems, systems),
		checkGlobs(s.Cells, ids, true),
		checkGlobs(s.Exclude, ids, false),
	)
}

// checkGlobs returns an error for a malformed pattern that is not an id. With mustMatch, it also
// returns one if no pattern matches a cell of the flake.
func checkGlobs(patterns, ids []string, mustMatch bool) error {
	matched := false
	for _, pattern := range patterns {
		g, err := ParseGlob(pattern)
		found := slices.ContainsFunc(ids, g.Match)
		if !found && err != nil {
			return err
		}
		matched = matched || found
	}
	if mustMatch && !matched && len(patterns) > 0 {
		return newUnknownError("cell", patterns[0], ids)
	}
	return nil
}

// checkNames returns an error for the first unknown name.
func checkNames(filter string, names, all []string) error {
	all = slices.Compact(slices.Sorted(slices.Values(all)))
	for _, name := range names {
		if !slices.Contains(all, name) {
			return newUnknownError(filter, name, all)
		}
	}
	return nil
}

// checkHosts returns an error for the first unknown host, which suggests the key of a host that has
// this name.
func (o *offer) checkHosts(names, all []string) error {
	err := checkNames("host", names, all)
	var unknown *UnknownError
	if errors.As(err, &unknown) {
		if key := (pairing{hosts: o.hosts, infos: o.infos}).host(unknown.Name); o.hasHost(key) {
			unknown.Suggestion = key
		}
	}
	return err
}

// nixSystems lists the systems that a cell may turn out to have. Before evaluation, this list is
// all there is to check a system against.
func nixSystems() []string {
	return []string{
		"aarch64-darwin", "aarch64-linux", "armv6l-linux", "armv7l-linux", "i686-linux",
		"powerpc64le-linux", "riscv64-linux", "x86_64-darwin", "x86_64-linux",
	}
}
