package view

import (
	"cmp"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// Layout is a report laid out as a grid.
type Layout struct {
	users  []string
	Rows   []Row
	byHost map[string]int // rows by host, "" being that of homes without one
	Others []result.Cell  // those of kinds that have no place in a grid
}

// Row is a host with all that stands beside it, or a group of homes that serve
// no host.
type Row struct {
	Name   string
	Note   string // why it is no row of a host
	System []result.Cell
	VM     []result.Cell
	Homes  map[string][]result.Cell // by user
}

// NewLayout lays a report out as its grid says. A cell that has no row there, as in a report
// that was made by hand, gets one, so that no cell is lost.
func NewLayout(r result.Report) *Layout {
	s := &Layout{users: slices.Clone(r.Grid.Users), byHost: map[string]int{}}
	own, bare := map[string][]result.Cell{}, map[string][]result.Cell{} // by id; several may have the same once credentials are masked
	at := map[[2]string]int{}
	for _, c := range r.Cells {
		switch key := [2]string{c.ID, c.User}; {
		case !hasPlace(c):
			s.Others = append(s.Others, c)
			continue
		case !c.Bare():
			own[c.ID] = append(own[c.ID], c)
		default: // of one user's, the worst stands for all
			i, there := at[key]
			if !there {
				at[key] = len(bare[c.ID])
				bare[c.ID] = append(bare[c.ID], c)
			} else {
				bare[c.ID][i] = worst([]result.Cell{bare[c.ID][i], c})
			}
		}
		if c.Kind == "home" && !slices.Contains(s.users, c.User) {
			s.users = append(s.users, c.User)
		}
	}
	served := map[string]bool{} // ids of bare homes that have a row
	for _, g := range r.Grid.Rows {
		w := s.newRow(g)
		seen := map[string]bool{}
		for _, id := range g.Cells {
			if seen[id] {
				continue
			}
			seen[id], served[id] = true, true
			for _, c := range bare[id] { // only these may be in several rows
				w.put(onHost(c, g.Host))
			}
			if of := own[id]; len(of) > 0 {
				w.put(of[0])
				own[id] = of[1:]
			}
		}
	}
	for _, host := range r.Grid.Hosts {
		s.row(host)
	}
	for _, c := range r.Cells {
		for _, of := range own[c.ID] {
			s.row(of.Host).put(of)
		}
		delete(own, c.ID)
		if !served[c.ID] {
			served[c.ID] = true
			for _, of := range bare[c.ID] {
				s.row("").put(of)
			}
		}
	}
	return s
}

// hasPlace reports whether a cell belongs into a row of the grid.
func hasPlace(c result.Cell) bool { return InGrid(c) && (c.Host != "" || c.Kind == "home") }

// rowNote says why a row is none of a host.
func rowNote(g result.Row) string {
	switch {
	case g.NoHost:
		return noHost
	case g.Orphan:
		return "(no such host)"
	}
	return ""
}

const noHost = "(no host)"

// Title is the row's name with its note.
func (w Row) Title() string { return strings.TrimPrefix(w.Name+Prefix(" ", w.Note), " ") }

// newRow adds a row.
func (s *Layout) newRow(g result.Row) *Row {
	if _, there := s.byHost[g.Host]; !there && g.Key == "" {
		s.byHost[g.Host] = len(s.Rows)
	}
	s.Rows = append(s.Rows, Row{Name: cmp.Or(g.Host, g.Key), Note: rowNote(g), Homes: map[string][]result.Cell{}})
	return &s.Rows[len(s.Rows)-1]
}

// row returns the row of a host, or with "" that of homes without one, which it adds if
// there is none.
func (s *Layout) row(host string) *Row {
	if i, there := s.byHost[host]; there {
		return &s.Rows[i]
	}
	return s.newRow(result.Row{Host: host, NoHost: host == ""})
}

// InGrid reports whether a cell is of a kind that the grid has a place for.
func InGrid(c result.Cell) bool {
	return slices.Contains([]string{"nixos", "darwin", "vm", "home"}, c.Kind)
}

func (w *Row) put(c result.Cell) {
	switch c.Kind {
	case "home":
		w.Homes[c.User] = append(w.Homes[c.User], c)
	case "vm":
		w.VM = append(w.VM, c)
	default:
		w.System = append(w.System, c)
	}
}

// onHost is a home that serves several hosts, as it went on this one: what came of it in
// the others is not this one's.
func onHost(c result.Cell, host string) result.Cell {
	if !c.Bare() || host == "" {
		return c
	}
	var phases []result.Phase
	elsewhere := false
	for _, p := range c.Phases {
		switch where := p.Name.Subject; {
		case p.Name.Kind != result.PhaseActivate || where == "":
			phases = append(phases, p)
		case where == host:
			p.Name.Subject = ""
			phases = append(phases, p)
		default:
			elsewhere = elsewhere || p.Status.NeedsAttention()
		}
	}
	c.Phases = phases
	if elsewhere && c.Status.NeedsAttention() && c.FailedPhase() == (result.PhaseName{}) {
		c.Status = result.Passed
	}
	return c
}

// anySystem reports whether the grid needs a column for systems.
func (s *Layout) anySystem() bool {
	return slices.ContainsFunc(s.Rows, func(w Row) bool { return len(w.System) > 0 })
}

// anyVM reports whether the grid needs a column for virtual machines.
func (s *Layout) anyVM() bool {
	return slices.ContainsFunc(s.Rows, func(w Row) bool { return len(w.VM) > 0 })
}

// Column is one of a grid's, without that of the hosts.
type Column struct {
	Title string
	User  bool
	Cells func(Row) []result.Cell
}

func (s *Layout) Columns() []Column {
	var list []Column
	if s.anySystem() {
		list = append(list, Column{"system", false, func(w Row) []result.Cell { return w.System }})
	}
	if s.anyVM() {
		list = append(list, Column{"vm", false, func(w Row) []result.Cell { return w.VM }})
	}
	for _, user := range s.users {
		list = append(list, Column{user, true, func(w Row) []result.Cell { return w.Homes[user] }})
	}
	return list
}
