package matrix

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// offer is everything a flake offers, arranged to find the homes of users on hosts.
type offer struct {
	cells   []result.Cell
	hosts   []string                 // sorted; in a flake without hosts, the hosts that homes name
	users   []string                 // sorted
	systems map[string]string        // by host; "-linux" or "-darwin" before the system is known
	own     map[place][]result.Cell  // homes that name a host or are embedded in it
	bare    map[string][]result.Cell // by user: homes that serve any host
	infos   map[string]result.HostInfo
	phones  map[string]bool // nix-on-droid devices, by host
}

// place is a place in the grid.
type place struct{ host, user string }

// newOffer arranges cells.
func newOffer(cells []result.Cell, infos map[string]result.HostInfo) *offer {
	o := &offer{cells: cells, systems: map[string]string{}, own: map[place][]result.Cell{}, bare: map[string][]result.Cell{}, infos: infos, phones: map[string]bool{}}
	users, rows := map[string]bool{}, map[string]bool{}
	for _, c := range cells {
		if c.Kind == result.KindDroid {
			o.phones[c.Host] = true
		}
		switch {
		case c.Kind == result.KindNixOS, c.Kind.IsHost() && o.systems[c.Host] == "":
			o.systems[c.Host] = cmp.Or(c.System, systemOf(c))
		case c.Bare():
			users[c.User] = true
			if servesAnyHost(c) {
				o.bare[c.User] = append(o.bare[c.User], c)
			}
		case c.Kind == result.KindHome:
			users[c.User], rows[c.Host] = true, true
			o.own[place{c.Host, c.User}] = append(o.own[place{c.Host, c.User}], c)
		}
	}
	o.users = slices.SortedFunc(maps.Keys(users), natural)
	o.hosts = slices.SortedFunc(maps.Keys(o.systems), natural)
	if len(o.hosts) == 0 {
		o.hosts = slices.SortedFunc(maps.Keys(rows), natural)
	}
	return o
}

// hasHost reports whether the grid has a row for the host.
func (o *offer) hasHost(host string) bool {
	_, found := slices.BinarySearchFunc(o.hosts, host, natural)
	return found
}

// candidates lists the homes that a user may have on a host, beginning with the one that serves
// it. There are several if a key exists for several systems, or if a host embeds a home that
// also exists on its own.
func (o *offer) candidates(host, user string) []result.Cell {
	homes := slices.Clone(o.own[place{host, user}])
	if len(homes) == 0 && o.hasHost(host) {
		homes = slices.DeleteFunc(slices.Clone(o.bare[user]), func(c result.Cell) bool {
			return o.rank(c, host) == rankForeign || !o.mayHave(host, user)
		})
	}
	names := pairing{infos: o.infos}
	slices.SortStableFunc(homes, func(a, b result.Cell) int {
		x, y := o.rank(a, host), o.rank(b, host)
		if x < rankEmbedded && y < rankEmbedded {
			return cmp.Or(cmp.Compare(names.closeness(a, host), names.closeness(b, host)), cmp.Compare(x, y))
		}
		return cmp.Compare(x, y)
	})
	return homes
}

// mayHave reports whether a user may have an account on a host: the host declares one, or nothing
// rules one out. On a Mac, and on a host that declares no person, people make accounts by hand. A
// phone has one user, whose name nobody asks for.
func (o *offer) mayHave(host, user string) bool {
	accounts := o.infos[host].Accounts
	return !o.phones[host] && (len(accounts) == 0 || slices.Contains(accounts, user) || strings.HasSuffix(o.systems[host], "-darwin"))
}

// The ranks of homes for one place, best first. Nix looks in legacyPackages before it looks at the
// top, so a home for the host's system wins.
const (
	rankSystem   = iota // for the host's system
	rankTop             // at the top, for any system
	rankPossible        // for a system that may be the host's
	rankEmbedded        // part of the host
	rankForeign         // for a system that is not the host's
)

// rank ranks a home for a host.
func (o *offer) rank(home result.Cell, host string) int {
	system := o.systems[host]
	switch {
	case home.PartOf != "":
		return rankEmbedded
	case home.System == "":
		return rankTop
	case home.System == system:
		return rankSystem
	case system == "", strings.HasPrefix(system, "-") && strings.HasSuffix(home.System, system):
		return rankPossible
	}
	return rankForeign
}

// rows lists the hosts whose rows have the cell, including hosts that do not exist.
func (o *offer) rows(c result.Cell) []string {
	switch {
	case c.Kind.IsHost(), c.Kind == result.KindVM:
		return []string{c.Host}
	case c.Kind != result.KindHome:
		return nil
	case !c.Bare():
		return []string{c.Host}
	}
	var hosts []string
	for _, host := range o.hosts {
		if Has(o.candidates(host, c.User), c.ID) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// isOrphan reports whether a cell is a home for a host that does not exist.
func (o *offer) isOrphan(c result.Cell) bool {
	return c.Kind == result.KindHome && !c.Bare() && !o.hasHost(c.Host)
}

// Has reports whether a cell with this id is in a list.
func Has(cells []result.Cell, id string) bool {
	return slices.ContainsFunc(cells, func(c result.Cell) bool { return c.ID == id })
}

// systemOf returns the end of the system's name that follows from a cell's kind, such as "-linux"
// for a NixOS host, or nothing.
func systemOf(c result.Cell) string {
	switch {
	case c.Kind == result.KindNixOS, c.Kind == result.KindVM, c.Kind == result.KindDroid, c.Kind == result.KindSystem, strings.HasPrefix(c.PartOf, string(result.KindNixOS)+"/"):
		return "-linux"
	case c.Kind == result.KindDarwin, strings.HasPrefix(c.PartOf, string(result.KindDarwin)+"/"):
		return "-darwin"
	}
	return ""
}
