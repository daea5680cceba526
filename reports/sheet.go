package reports

import (
	"net/url"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// sheet is a report laid out as a grid.
type sheet struct {
	users  []string
	rows   []row
	others []Cell // those of kinds that have no place in a grid
}

// row is a host with all that stands beside it, or a group of homes that serve
// no host.
type row struct {
	name   string
	system []Cell
	vm     []Cell
	homes  map[string][]Cell // by user
}

// newSheet lays a report out. Rows and columns are the grid's, and after them
// any that only a cell names, so that no cell is lost whatever the grid says.
func newSheet(r Report) *sheet {
	s := &sheet{users: slices.Clone(r.Grid.Users)}
	hosts := slices.Clone(r.Grid.Hosts)
	for _, c := range r.Cells {
		if inGrid(c) && c.Host != "" && !slices.Contains(hosts, c.Host) {
			hosts = append(hosts, c.Host)
		}
		if c.Kind == "home" && !slices.Contains(s.users, c.User) {
			s.users = append(s.users, c.User)
		}
	}
	for _, host := range hosts {
		s.rows = append(s.rows, row{name: host, homes: map[string][]Cell{}})
	}
	var bare []Cell
	for _, c := range r.Cells {
		switch {
		case !inGrid(c) || c.Host == "" && c.Kind != "home":
			s.others = append(s.others, c)
		case c.Host == "":
			bare = append(bare, c)
		default:
			s.rows[slices.Index(hosts, c.Host)].put(c)
		}
	}
	s.serve(bare, len(r.Grid.Hosts))
	s.markOrphans(r.Grid, hosts)
	return s
}

// inGrid reports whether a cell is of a kind that the grid has a place for.
func inGrid(c Cell) bool {
	return slices.Contains([]string{"nixos", "darwin", "vm", "home"}, c.Kind)
}

func (w *row) put(c Cell) {
	switch c.Kind {
	case "home":
		w.homes[c.User] = append(w.homes[c.User], c)
	case "vm":
		w.vm = append(w.vm, c)
	default:
		w.system = append(w.system, c)
	}
}

// serve puts homes without a host into the first rows, which are those of the
// flake's hosts, wherever the user has no home of their own; and those that
// serve no host into rows below.
func (s *sheet) serve(bare []Cell, hosts int) {
	free := make([]map[string]bool, hosts)
	for i := range free {
		free[i] = map[string]bool{}
		for _, user := range s.users {
			free[i][user] = len(s.rows[i].homes[user]) == 0
		}
	}
	for _, c := range bare {
		placed := false
		for i := range free {
			if free[i][c.User] && s.rows[i].takes(c) {
				s.rows[i].put(c.on(s.rows[i].name))
				placed = true
			}
		}
		if !placed {
			s.loose(c)
		}
	}
}

// on is a home that serves several hosts, as it went on this one: what came of it in
// the others is not this one's.
func (c Cell) on(host string) Cell {
	var phases []Phase
	elsewhere := false
	for _, p := range c.Phases {
		name, where, _ := strings.Cut(p.Name, ": ")
		switch {
		case name != "activate" || where == "":
			phases = append(phases, p)
		case where == host:
			p.Name = name
			phases = append(phases, p)
		default:
			elsewhere = elsewhere || p.Status.NeedsAttention()
		}
	}
	c.Phases = phases
	if elsewhere && c.Status.NeedsAttention() && badPhase(c) == "" {
		c.Status = result.Passed
	}
	return c
}

// takes reports whether a bare home is one that home-manager would fall back to
// on this host: it is named after its user and, if it stands under a system in
// the flake, under one that is or may be the host's.
func (w row) takes(c Cell) bool {
	key := strings.TrimPrefix(c.ID, "home/")
	if !isUser(key, c.User) && !isUser(strings.TrimPrefix(key, c.System+"/"), c.User) {
		return false
	}
	if !strings.HasPrefix(c.Attr, "legacyPackages.") || len(w.system) == 0 {
		return true
	}
	return slices.ContainsFunc(w.system, func(host Cell) bool {
		family := map[string]string{"nixos": "-linux", "darwin": "-darwin"}[host.Kind]
		return host.System == c.System || host.System == "" && strings.HasSuffix(c.System, family)
	})
}

// isUser compares a key as it stands in an id, where a slash or a control
// character is written %XX, with a user's name.
func isUser(key, user string) bool {
	decoded, err := url.PathUnescape(key)
	return key == user || err == nil && decoded == user
}

// loose puts a home that serves no host into a row for its key.
func (s *sheet) loose(c Cell) {
	name := "(no host)"
	if key := strings.TrimPrefix(c.ID, "home/"); !isUser(key, c.User) {
		name = key + " (no host)"
	}
	i := slices.IndexFunc(s.rows, func(w row) bool { return w.name == name })
	if i < 0 {
		i = len(s.rows)
		s.rows = append(s.rows, row{name: name, homes: map[string][]Cell{}})
	}
	s.rows[i].put(c)
}

// markOrphans says which rows are of hosts that the flake does not have.
func (s *sheet) markOrphans(g Grid, hosts []string) {
	for i := range hosts {
		if slices.Contains(g.Hosts, hosts[i]) {
			continue
		}
		for _, homes := range s.rows[i].homes {
			if slices.ContainsFunc(homes, func(c Cell) bool { return slices.Contains(g.Orphans, c.ID) }) {
				s.rows[i].name = hosts[i] + " (no such host)"
			}
		}
	}
}

// anySystem reports whether the grid needs a column for systems.
func (s *sheet) anySystem() bool {
	return slices.ContainsFunc(s.rows, func(w row) bool { return len(w.system) > 0 })
}

// anyVM reports whether the grid needs a column for virtual machines.
func (s *sheet) anyVM() bool {
	return slices.ContainsFunc(s.rows, func(w row) bool { return len(w.vm) > 0 })
}
