package matrix

import (
	"cmp"
	"slices"
	"strings"
)

// Cell is one thing to evaluate and then build or boot.
type Cell struct {
	ID     string `json:"id"`     // stable and unique in its flake, see the package comment
	Kind   Kind   `json:"kind"`   // what sort of output it is
	Host   string `json:"host"`   // the grid's row; empty for a bare home and for what belongs to no host
	User   string `json:"user"`   // the grid's column; empty for all but homes
	System string `json:"system"` // such as x86_64-linux; empty where only evaluation will tell
	Attr   string `json:"attr"`   // attribute path in the flake, quoted as Nix writes it

	Path []string `json:"-"`                 // the same path, unquoted
	Part string   `json:"part_of,omitempty"` // of an embedded home: the id of its host's cell
}

// EmbeddedCell is the cell of a home found inside a host, which is a NixOS or
// darwin cell. The user is the attribute name in home-manager.users, username
// that home's home.username or empty where it was not asked.
func EmbeddedCell(host Cell, user, username string) Cell {
	c := newCell(KindHome, host.System,
		configurations(host.Kind), host.Host, "config", "home-manager", "users", user, "home", "activationPackage")
	c.ID = host.ID + "/home/" + escapeID(user)
	c.Host, c.Part = host.Host, host.ID
	c.User = cmp.Or(username, user)
	return c
}

// configurations names the flake output in which hosts of a kind stand.
func configurations(kind Kind) string {
	if kind == KindDarwin {
		return "darwinConfigurations"
	}
	return "nixosConfigurations"
}

// newCell fills in what follows from a path.
func newCell(kind Kind, system string, path ...string) Cell {
	return Cell{Kind: kind, System: system, Attr: QuoteAttr(path), Path: path}
}

// hostCell is the cell of a host's system or VM.
func hostCell(kind Kind, host string, build ...string) Cell {
	c := newCell(kind, "", append([]string{configurations(kind), host}, build...)...)
	c.ID, c.Host = cellID(string(kind), host), host
	return c
}

func nixosCell(host string) Cell {
	return hostCell(KindNixOS, host, "config", "system", "build", "toplevel")
}

func vmCell(host string) Cell {
	return hostCell(KindVM, host, "config", "system", "build", "vm")
}

// darwinCell takes the attribute that nix-darwin's own lib.darwinSystem gives
// beside config, the one darwin-rebuild builds.
func darwinCell(host string) Cell {
	return hostCell(KindDarwin, host, "system")
}

// outputCell is the cell of an output that stands below a system.
func outputCell(kind Kind, set string, o Output) Cell {
	c := newCell(kind, o.System, set, o.System, o.Name)
	c.ID = cellID(string(kind), o.System, o.Name)
	return c
}

func formatterCell(system string) Cell {
	c := newCell(KindFormatter, system, "formatter", system)
	c.ID = cellID(string(KindFormatter), system)
	return c
}

// homeCell is the cell of an entry of homeConfigurations. A shared key is one
// that stands in several places, so that its id has to say in which.
func homeCell(h Home, shared bool) Cell {
	path := []string{"homeConfigurations", h.Key, "activationPackage"}
	if h.System != "" {
		path = append([]string{"legacyPackages", h.System}, path...)
	}
	c := newCell(KindHome, h.System, path...)
	c.ID = cellID(string(KindHome), h.Key)
	if shared && h.System != "" {
		c.ID = cellID(string(KindHome), h.System, h.Key)
	}
	c.User, c.Host, _ = strings.Cut(h.Key, "@")
	return c.For(h.Username)
}

// For is the cell once it is known whom a home is for. The key of a bare home need
// not be the user; all else says so by itself.
func (c Cell) For(username string) Cell {
	if isBare(c) && username != "" {
		c.User = username
	}
	return c
}

// homeKey returns the attribute name of a home in homeConfigurations or in
// home-manager.users, and an empty one for a cell without a path.
func homeKey(c Cell) string {
	back := 2
	if c.Part != "" {
		back = 3
	}
	if len(c.Path) < back {
		return ""
	}
	return c.Path[len(c.Path)-back]
}

// isBare reports whether a home is named without a host.
func isBare(c Cell) bool {
	return c.Kind == KindHome && c.Part == "" && !strings.Contains(homeKey(c), "@")
}

// servesAny reports whether a bare home is named after its user, and so is what
// home-manager takes on a host that has nothing better.
func servesAny(c Cell) bool {
	return isBare(c) && homeKey(c) == c.User
}

// Compare orders cells as a matrix does: by kind in display order, then by id.
func Compare(a, b Cell) int {
	kinds := Kinds()
	return cmp.Or(
		cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)),
		natural(a.ID, b.ID),
	)
}
