package matrix

import (
	"cmp"
	"maps"
	"slices"

	"github.com/flakeci/flakeci/result"
)

// gridRow is one row of the grid. Its cells point into [Matrix.Cells].
type gridRow struct {
	Host   string         // the host's name; empty if NoHost
	NoHost bool           // not a host's: Others has all homes that serve no host of the flake
	Orphan bool           // the flake has no such host, only homes for it
	System *result.Cell   // the host's system, nil if there is none
	VM     *result.Cell   // its VM, nil if there is none
	Homes  []*result.Cell // one for each of the grid's users, nil if the user has none
	// Untested is the id of the host's system, if that was left out because of its kind.
	Untested string
	Others   []*result.Cell // cells whose place is taken, such as a home that is both embedded and on its own
}

// rows lays the matrix out for a table: the hosts in order, then hosts that exist only in the names
// of homes, then one row with all homes that serve no host. Each host and home is in at least one
// row. A bare home is in the row of every host that it serves.
func (m Matrix) rows() []gridRow {
	l := newLayout(m)
	var rows []gridRow
	for _, host := range m.Grid.Hosts {
		rows = append(rows, l.hostRow(host))
	}
	for _, host := range l.orphanHosts() {
		row := l.hostRow(host)
		row.Orphan = true
		rows = append(rows, row)
	}
	return append(rows, l.hostless()...)
}

// layout is a matrix being laid out.
type layout struct {
	matrix Matrix
	offer  *offer
	cells  map[string]*result.Cell // by id
	placed map[string]bool         // ids that have a row
	// By host: first what is in nixosConfigurations, then what is deeper, then other kinds.
	systems map[string][]*result.Cell
}

func newLayout(m Matrix) *layout {
	l := &layout{matrix: m, offer: m.offered(), cells: map[string]*result.Cell{}, placed: map[string]bool{}, systems: map[string][]*result.Cell{}}
	for i := range m.Cells {
		c := &m.Cells[i]
		l.cells[c.ID] = c
		if c.Kind.IsHost() {
			l.systems[c.Host] = append(l.systems[c.Host], c)
		}
	}
	for _, cells := range l.systems {
		slices.SortStableFunc(cells, func(a, b *result.Cell) int {
			return cmp.Or(cmp.Compare(slices.Index(result.Kinds(), a.Kind), slices.Index(result.Kinds(), b.Kind)), cmp.Compare(len(a.Path), len(b.Path)))
		})
	}
	return l
}

func (l *layout) newRow(host string) gridRow {
	return gridRow{Host: host, Homes: make([]*result.Cell, len(l.matrix.Grid.Users))}
}

// hostRow makes the row of one host.
func (l *layout) hostRow(host string) gridRow {
	row := l.newRow(host)
	for i, c := range l.systems[host] {
		if l.placed[c.ID] = true; i == 0 {
			row.System = c
		} else {
			row.Others = append(row.Others, c)
		}
	}
	row.VM = l.take(cellID(string(result.KindVM), host))
	for _, c := range l.matrix.scope.untested {
		if row.System == nil && c.Host == host {
			row.Untested = c.ID
		}
	}
	for column, user := range l.matrix.Grid.Users {
		for i, home := range l.offer.candidates(host, user) {
			// If the home that serves the host was left out, another must not take its place.
			if i > 0 && home.Bare() && row.Homes[column] == nil {
				continue
			}
			c := l.take(home.ID)
			if i == 0 {
				row.Homes[column] = c
			} else if c != nil {
				row.Others = append(row.Others, c)
			}
		}
	}
	return row
}

// take returns a cell for a row, nil if the matrix does not have it.
func (l *layout) take(id string) *result.Cell {
	c := l.cells[id]
	if c != nil {
		l.placed[id] = true
	}
	return c
}

// orphanHosts lists, sorted, the hosts that only orphaned homes name.
func (l *layout) orphanHosts() []string {
	hosts := map[string]bool{}
	for _, id := range l.matrix.Grid.Orphans {
		hosts[l.cells[id].Host] = true
	}
	return slices.SortedFunc(maps.Keys(hosts), natural)
}

// hostless makes the row of the remaining homes, if there are any. Their keys name no host, and
// often no person either: home-linux, penguin.
func (l *layout) hostless() []gridRow {
	row := gridRow{NoHost: true, Homes: make([]*result.Cell, len(l.matrix.Grid.Users))}
	for i := range l.matrix.Cells {
		if c := &l.matrix.Cells[i]; c.Kind == result.KindHome && !l.placed[c.ID] {
			row.Others = append(row.Others, c)
		}
	}
	if len(row.Others) == 0 {
		return nil
	}
	return []gridRow{row}
}

// places lists the cells of the row from left to right, each place with all cells that want it:
// systems, the VM, and the homes of each user.
func (r gridRow) places(users []string) []*result.Cell {
	var cells []*result.Cell
	add := func(first *result.Cell, wants func(*result.Cell) bool) {
		if first != nil {
			cells = append(cells, first)
		}
		for _, c := range r.Others {
			if wants(c) {
				cells = append(cells, c)
			}
		}
	}
	if r.NoHost {
		return r.Others
	}
	add(r.System, func(c *result.Cell) bool { return c.Kind.IsHost() })
	add(r.VM, func(*result.Cell) bool { return false })
	for column, user := range users {
		add(r.Homes[column], func(c *result.Cell) bool { return c.Kind == result.KindHome && c.User == user })
	}
	return cells
}

// Layout returns the grid as reports hold it, with its rows.
func (m Matrix) Layout() result.Grid {
	g := result.Grid{Hosts: m.Grid.Hosts, Users: m.Grid.Users, Orphans: m.Grid.Orphans}
	for _, r := range m.rows() {
		row := result.Row{Host: r.Host, NoHost: r.NoHost, Orphan: r.Orphan, Untested: r.Untested, Cells: []string{}}
		for _, c := range r.places(m.Grid.Users) {
			row.Cells = append(row.Cells, c.ID)
		}
		g.Rows = append(g.Rows, row)
	}
	return g
}
