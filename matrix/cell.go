package matrix

import (
	"cmp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// Cell is one thing to evaluate and then build or boot.
type Cell struct {
	ID     string      `json:"id"`     // stable and unique in its flake; see the package comment
	Kind   result.Kind `json:"kind"`   // the kind of flake output
	Host   string      `json:"host"`   // row of the grid; empty for a bare home and an output without a host
	User   string      `json:"user"`   // column of the grid; empty unless the cell is a home
	System string      `json:"system"` // such as x86_64-linux; empty if only evaluation can tell
	Attr   string      `json:"attr"`   // attribute path in the flake, quoted as in Nix

	Path   []string `json:"-"`                 // the same path, unquoted
	PartOf string   `json:"part_of,omitempty"` // id of the host that a home is embedded in
}

// EmbeddedCell returns the cell of a home inside a NixOS or darwin host. The user is the
// attribute name in home-manager.users; username is that home's home.username, empty if it is
// unknown.
func EmbeddedCell(host Cell, user, username string) Cell {
	c := newCell(result.KindHome, host.System,
		configurations(host.Kind), host.Host, "config", "home-manager", "users", user, "home", "activationPackage")
	c.ID = host.ID + "/home/" + escapeID(user)
	c.Host, c.PartOf = host.Host, host.ID
	c.User = cmp.Or(username, user)
	return c
}

// configurations returns the flake output that holds the hosts of a kind.
func configurations(kind result.Kind) string {
	if kind == result.KindDarwin {
		return "darwinConfigurations"
	}
	return "nixosConfigurations"
}

// newCell makes a cell with its path.
func newCell(kind result.Kind, system string, path ...string) Cell {
	return Cell{Kind: kind, System: system, Attr: quoteAttr(path), Path: path}
}

// hostCell makes the cell of a host's system or VM.
func hostCell(kind result.Kind, host string, build ...string) Cell {
	c := newCell(kind, "", append([]string{configurations(kind), host}, build...)...)
	c.ID, c.Host = cellID(string(kind), host), host
	return c
}

func nixosCell(host string) Cell {
	return hostCell(result.KindNixOS, host, "config", "system", "build", "toplevel")
}

func vmCell(host string) Cell {
	return hostCell(result.KindVM, host, "config", "system", "build", "vm")
}

// darwinCell uses the attribute that darwin-rebuild builds, which nix-darwin's lib.darwinSystem
// returns next to config.
func darwinCell(host string) Cell {
	return hostCell(result.KindDarwin, host, "system")
}

// outputCell makes the cell of an output that the flake has for each system.
func outputCell(kind result.Kind, set string, o Output) Cell {
	c := newCell(kind, o.System, set, o.System, o.Name)
	c.ID = cellID(string(kind), o.System, o.Name)
	return c
}

func formatterCell(system string) Cell {
	c := newCell(result.KindFormatter, system, "formatter", system)
	c.ID = cellID(string(result.KindFormatter), system)
	return c
}

// homeCell makes the cell of an entry of homeConfigurations. If the key is shared, several
// places have it, and the id must say which place.
func homeCell(h Home, shared bool) Cell {
	path := []string{"homeConfigurations", h.Key, "activationPackage"}
	if h.System != "" {
		path = append([]string{"legacyPackages", h.System}, path...)
	}
	c := newCell(result.KindHome, h.System, path...)
	c.ID = cellID(string(result.KindHome), h.Key)
	if shared && h.System != "" {
		c.ID = cellID(string(result.KindHome), h.System, h.Key)
	}
	c.User, c.Host, _ = strings.Cut(h.Key, "@")
	return c.WithUser(h.Username)
}

// WithUser returns the cell of a home with its home.username, which need not be the key of a
// bare home. The ids of all other homes have the right user.
func (c Cell) WithUser(username string) Cell {
	if isBare(c) && username != "" {
		c.User = username
	}
	return c
}

// homeKey returns the attribute name of a home in homeConfigurations or home-manager.users. It is
// empty for a cell without a path.
func homeKey(c Cell) string {
	back := 2
	if c.PartOf != "" {
		back = 3
	}
	if len(c.Path) < back {
		return ""
	}
	return c.Path[len(c.Path)-back]
}

// isBare reports whether the cell is a home whose name has no host.
func isBare(c Cell) bool {
	return c.Kind == result.KindHome && c.PartOf == "" && !strings.Contains(homeKey(c), "@")
}

// servesAnyHost reports whether the cell is a bare home named after its user, which home-manager
// uses on a host that has nothing better.
func servesAnyHost(c Cell) bool {
	return isBare(c) && homeKey(c) == c.User
}

// Compare orders cells by kind in display order, then by id.
func Compare(a, b Cell) int {
	kinds := result.Kinds()
	return cmp.Or(
		cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)),
		natural(a.ID, b.ID),
	)
}
