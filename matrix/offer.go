package matrix

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// offer is all that a flake offers, arranged to answer whose home is whose.
type offer struct {
	cells   []Cell
	hosts   []string          // sorted; in a flake without hosts those that homes name
	users   []string          // sorted
	systems map[string]string // a host's system, or "-linux" or "-darwin" before it is known
	own     map[place][]Cell  // homes that name a host or are embedded in it
	bare    map[string][]Cell // homes of a user that serve any host
}

// place is where a row and a column of the grid meet.
type place struct{ host, user string }

func newOffer(cells []Cell) *offer {
	o := &offer{cells: cells, systems: map[string]string{}, own: map[place][]Cell{}, bare: map[string][]Cell{}}
	users, rows := map[string]bool{}, map[string]bool{}
	for _, c := range cells {
		switch {
		case c.Kind == KindNixOS, c.Kind == KindDarwin && o.systems[c.Host] == "":
			o.systems[c.Host] = cmp.Or(c.System, systemOf(c))
		case c.Kind == KindHome && isBare(c):
			users[c.User] = true
			if servesAny(c) {
				o.bare[c.User] = append(o.bare[c.User], c)
			}
		case c.Kind == KindHome:
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

// candidates lists the homes a user may have on a host, the one that serves
// first. Several come about when a key stands under several systems, or when a
// host embeds a home that also stands on its own.
func (o *offer) candidates(host, user string) []Cell {
	homes := slices.Clone(o.own[place{host, user}])
	if len(homes) == 0 && o.hasHost(host) {
		homes = slices.DeleteFunc(slices.Clone(o.bare[user]), func(c Cell) bool {
			return o.rank(c, host) == rankForeign
		})
	}
	slices.SortStableFunc(homes, func(a, b Cell) int {
		return cmp.Compare(o.rank(a, host), o.rank(b, host))
	})
	return homes
}

// The ranks of homes for one place, best first. Nix looks into legacyPackages
// before it looks at the top, so a home made for the host's very system wins.
const (
	rankSystem   = iota // stands under the host's system
	rankTop             // stands at the top, for whatever system
	rankPossible        // stands under a system that may be the host's
	rankEmbedded        // is part of the host
	rankForeign         // stands under a system that is not the host's
)

func (o *offer) rank(home Cell, host string) int {
	system := o.systems[host]
	switch {
	case home.Part != "":
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

// rows lists the hosts in whose row a cell stands, orphaned ones included.
func (o *offer) rows(c Cell) []string {
	switch {
	case c.Kind == KindNixOS, c.Kind == KindDarwin, c.Kind == KindVM:
		return []string{c.Host}
	case c.Kind != KindHome:
		return nil
	case !isBare(c):
		return []string{c.Host}
	}
	var hosts []string
	for _, host := range o.hosts {
		if hasCell(o.candidates(host, c.User), c.ID) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// isOrphan reports whether a cell is a home for a host that is not there.
func (o *offer) isOrphan(c Cell) bool {
	return c.Kind == KindHome && !isBare(c) && !o.hasHost(c.Host)
}

func hasCell(cells []Cell, id string) bool {
	return slices.ContainsFunc(cells, func(c Cell) bool { return c.ID == id })
}

// systemOf returns the end of a system's name that a cell's kind alone tells,
// such as "-linux" for a NixOS host, or nothing.
func systemOf(c Cell) string {
	switch {
	case c.Kind == KindNixOS, c.Kind == KindVM, strings.HasPrefix(c.Part, string(KindNixOS)+"/"):
		return "-linux"
	case c.Kind == KindDarwin, strings.HasPrefix(c.Part, string(KindDarwin)+"/"):
		return "-darwin"
	}
	return ""
}
