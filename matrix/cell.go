package matrix

import (
	"cmp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// EmbeddedCell returns the cell of a home inside a NixOS or darwin host. The user is the
// attribute name in home-manager.users; username is that home's home.username, empty if it is
// unknown.
func EmbeddedCell(host result.Cell, user, username string) result.Cell {
	path := slices.Concat(HostPath(host), []string{"config", "home-manager", "users", user, "home", "activationPackage"})
	c := newCell(result.KindHome, host.System, path...)
	c.ID = host.ID + "/home/" + escapeID(user)
	c.Host, c.PartOf = host.Host, host.ID
	c.User = cmp.Or(username, user)
	return c
}

// EmbeddedUser returns the user of a home inside a host, from the ids of the two.
func EmbeddedUser(host, home string) (user string, ok bool) {
	escaped, ok := strings.CutPrefix(home, host+"/home/")
	user = unescapeID(escaped)
	return user, ok && escapeID(user) == escaped
}

// configurations returns the flake output that holds the hosts of a kind.
func configurations(kind result.Kind) string {
	if kind == result.KindDarwin {
		return "darwinConfigurations"
	}
	return "nixosConfigurations"
}

// HostPath returns the attribute path of a host's configuration, with which the path of its system
// begins.
func HostPath(host result.Cell) []string {
	build := len(nixosBuild())
	if host.Kind == result.KindDarwin {
		build = 1
	}
	if n := len(host.Path) - build; n > 0 {
		return host.Path[:n:n]
	}
	return []string{configurations(host.Kind), host.Host}
}

func nixosBuild() []string { return []string{"config", "system", "build", "toplevel"} }

// newCell makes a cell with its path.
func newCell(kind result.Kind, system string, path ...string) result.Cell {
	return result.Cell{Kind: kind, System: system, Attr: quoteAttr(path), Path: path}
}

// hostCell makes the cell of a host's system or VM.
func hostCell(kind result.Kind, host string, build ...string) result.Cell {
	c := newCell(kind, "", append([]string{configurations(kind), host}, build...)...)
	c.ID, c.Host = cellID(string(kind), host), host
	return c
}

func nixosCell(host string) result.Cell {
	return hostCell(result.KindNixOS, host, nixosBuild()...)
}

// elsewhereCells makes the cells of hosts that are in other outputs. The ids of NixOS hosts say
// where.
func elsewhereCells(inv Inventory) []result.Cell {
	var cells []result.Cell
	add := func(kind result.Kind, system, host string, id, path []string) {
		c := newCell(kind, system, path...)
		c.ID, c.Host = cellID(append([]string{string(kind)}, id...)...), host
		cells = append(cells, c)
	}
	for _, host := range inv.Colmena {
		add(result.KindNixOS, "", host, []string{"colmena", host}, append([]string{"colmenaHive", "nodes", host}, nixosBuild()...))
	}
	for _, o := range inv.Nested {
		add(result.KindNixOS, "", o.Name, []string{o.System, o.Name}, append([]string{"legacyPackages", o.System, "nixosConfigurations", o.Name}, nixosBuild()...))
	}
	for _, host := range inv.Droid {
		add(result.KindDroid, "", host, []string{host}, []string{"nixOnDroidConfigurations", host, "activationPackage"})
	}
	for _, o := range inv.Managed {
		id := []string{o.System, o.Name}
		if o.System == "" {
			id = id[1:]
		}
		add(result.KindSystem, o.System, o.Name, id, append([]string{"systemConfigs"}, id...))
	}
	return cells
}

func vmCell(host string) result.Cell {
	return hostCell(result.KindVM, host, "config", "system", "build", "vm")
}

// darwinCell uses the attribute that darwin-rebuild builds, which nix-darwin's lib.darwinSystem
// returns next to config.
func darwinCell(host string) result.Cell {
	return hostCell(result.KindDarwin, host, "system")
}

// outputCell makes the cell of an output that the flake has for each system.
func outputCell(kind result.Kind, set string, o Output) result.Cell {
	c := newCell(kind, o.System, set, o.System, o.Name)
	c.ID = cellID(string(kind), o.System, o.Name)
	return c
}

func formatterCell(system string) result.Cell {
	c := newCell(result.KindFormatter, system, "formatter", system)
	c.ID = cellID(string(result.KindFormatter), system)
	return c
}

// homeCell makes the cell of an entry of homeConfigurations. If several places share its key, the
// id must say which place it is in.
func homeCell(h Home, shared bool) result.Cell {
	path := []string{"homeConfigurations", h.Key, "activationPackage"}
	if h.System != "" {
		path = append([]string{"legacyPackages", h.System}, path...)
	}
	c := newCell(result.KindHome, h.System, path...)
	c.ID = cellID(string(result.KindHome), h.Key)
	if shared && h.System != "" {
		c.ID = cellID(string(result.KindHome), h.System, h.Key)
	}
	c.User, c.Host = splitKey(h.Key)
	return c.WithUser(h.Username)
}

// homeKey returns the attribute name of a home in homeConfigurations or home-manager.users. It is
// empty for a cell without a path.
func homeKey(c result.Cell) string {
	back := 2
	if c.PartOf != "" {
		back = 3
	}
	if len(c.Path) < back {
		return ""
	}
	return c.Path[len(c.Path)-back]
}

// servesAnyHost reports whether the cell is a bare home named after its user, which home-manager
// uses on a host without a better match.
func servesAnyHost(c result.Cell) bool {
	return c.Bare() && homeKey(c) == c.User
}

// Compare orders cells by kind in display order, then by id.
func Compare(a, b result.Cell) int {
	kinds := result.Kinds()
	return cmp.Or(
		cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)),
		natural(a.ID, b.ID),
	)
}
