package reports

import (
	"cmp"
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
	note   string // why it is no row of a host
	system []Cell
	vm     []Cell
	homes  map[string][]Cell // by user
}

// newSheet lays a report out as its grid says. A cell that has no row there, as in a report
// that was made by hand, gets one, so that no cell is lost.
func newSheet(r Report) *sheet {
	s := &sheet{users: slices.Clone(r.Grid.Users)}
	cells := map[string][]Cell{} // by id; several may have the same once credentials are masked
	for _, c := range r.Cells {
		if !inGrid(c) || c.Host == "" && c.Kind != "home" {
			s.others = append(s.others, c)
			continue
		}
		cells[c.ID] = append(cells[c.ID], c)
		if c.Kind == "home" && !slices.Contains(s.users, c.User) {
			s.users = append(s.users, c.User)
		}
	}
	placed := map[string]bool{}
	for _, g := range r.Grid.Rows {
		w := row{name: cmp.Or(g.Host, g.Key), note: g.note(), homes: map[string][]Cell{}}
		for i, id := range g.Cells {
			if slices.Contains(g.Cells[:i], id) {
				continue
			}
			placed[id] = true
			for _, c := range cells[id] {
				w.put(c.on(g.Host))
			}
		}
		s.rows = append(s.rows, w)
	}
	for _, host := range r.Grid.Hosts {
		s.row(host)
	}
	for _, c := range r.Cells {
		if _, there := cells[c.ID]; there && !placed[c.ID] && inGrid(c) {
			s.row(c.Host).put(c)
		}
	}
	return s
}

// note says why a row is none of a host.
func (g Row) note() string {
	switch {
	case g.Host == "":
		return noHost
	case g.Orphan:
		return "(no such host)"
	}
	return ""
}

const noHost = "(no host)"

// title is the row's name with its note.
func (w row) title() string { return strings.TrimPrefix(w.name+after(" ", w.note), " ") }

// row returns the row of a host, or with "" that of homes without one, which it adds if
// there is none.
func (s *sheet) row(host string) *row {
	i := slices.IndexFunc(s.rows, func(w row) bool { return w.name == host && (w.note == noHost) == (host == "") })
	if i < 0 {
		i = len(s.rows)
		s.rows = append(s.rows, row{name: host, note: Row{Host: host}.note(), homes: map[string][]Cell{}})
	}
	return &s.rows[i]
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

// on is a home that serves several hosts, as it went on this one: what came of it in
// the others is not this one's.
func (c Cell) on(host string) Cell {
	if c.Kind != "home" || c.Host != "" || host == "" {
		return c
	}
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

// anySystem reports whether the grid needs a column for systems.
func (s *sheet) anySystem() bool {
	return slices.ContainsFunc(s.rows, func(w row) bool { return len(w.system) > 0 })
}

// anyVM reports whether the grid needs a column for virtual machines.
func (s *sheet) anyVM() bool {
	return slices.ContainsFunc(s.rows, func(w row) bool { return len(w.vm) > 0 })
}
