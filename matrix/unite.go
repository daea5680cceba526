package matrix

import (
	"cmp"
	"maps"
	"slices"

	"github.com/flakeci/flakeci/result"
)

// Unite lays out the cells of several reports of one flake, from the grids of those reports. The
// cells are sorted by [Compare]. A cell without a row in any grid gets one.
func Unite(grids []result.Grid, cells []result.Cell) result.Grid {
	u := union{cells: map[string]result.Cell{}, rows: map[string]*unitedRow{}, placed: map[string]bool{}}
	for _, c := range cells {
		if _, there := u.cells[c.ID]; !there {
			u.cells[c.ID] = c
		}
	}
	orphans, users, hosts, hostless := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i, g := range grids {
		for _, row := range g.Rows {
			if !row.NoHost {
				u.addRow(i, row)
				continue
			}
			for _, id := range row.Cells {
				hostless[id] = true
			}
		}
		for _, host := range g.Hosts {
			hosts[host] = true
			u.row(host)
		}
		for _, id := range g.Orphans {
			orphans[id] = true
		}
		for _, user := range g.Users {
			users[user] = true
		}
	}
	u.removeReplaced()
	for _, c := range cells {
		if u.placed[c.ID] || hostless[c.ID] || c.Bare() || !inGrid(c) {
			continue
		}
		if c.Kind != result.KindHome {
			hosts[c.Host] = true
		}
		u.addRow(len(grids), result.Row{Host: c.Host, Cells: []string{c.ID}})
		if c.Kind == result.KindHome {
			users[c.User] = true
		}
	}
	grid := result.Grid{
		Hosts: slices.SortedFunc(maps.Keys(hosts), natural), Users: slices.SortedFunc(maps.Keys(users), natural), Orphans: []string{}, Rows: []result.Row{},
	}
	for _, host := range grid.Hosts {
		grid.Rows = append(grid.Rows, u.rows[host].layout(host))
	}
	for _, host := range slices.SortedFunc(maps.Keys(u.rows), natural) {
		if !hosts[host] {
			row := u.rows[host].layout(host)
			row.Orphan = u.rows[host].orphan
			grid.Rows = append(grid.Rows, row)
		}
	}
	anywhere := result.Row{NoHost: true}
	for _, c := range cells {
		if orphans[c.ID] && !slices.Contains(grid.Orphans[max(0, len(grid.Orphans)-1):], c.ID) {
			grid.Orphans = append(grid.Orphans, c.ID)
		}
		if c.Kind == result.KindHome && !u.placed[c.ID] {
			anywhere.Cells = append(anywhere.Cells, c.ID)
		}
	}
	if anywhere.Cells = slices.Compact(anywhere.Cells); len(anywhere.Cells) > 0 {
		grid.Rows = append(grid.Rows, anywhere)
	}
	return grid
}

func inGrid(c result.Cell) bool {
	return c.Kind.IsHost() || c.Kind == result.KindVM || c.Kind == result.KindHome
}

// union is grids being united.
type union struct {
	cells  map[string]result.Cell // by id
	rows   map[string]*unitedRow  // by host
	placed map[string]bool        // ids that have a row
}

// unitedRow is a row of all grids together.
type unitedRow struct {
	cells    []unitedCell
	seen     map[string]bool // their ids
	untested string
	orphan   bool // a grid says so
}

// unitedCell is a cell of a row, with the number of the grid that it comes from.
type unitedCell struct {
	result.Cell
	from int
}

// row returns the row of a host, and adds it if it is missing.
func (u *union) row(host string) *unitedRow {
	if u.rows[host] == nil {
		u.rows[host] = &unitedRow{seen: map[string]bool{}}
	}
	return u.rows[host]
}

// addRow adds the row of a grid.
func (u *union) addRow(from int, row result.Row) {
	to := u.row(row.Host)
	to.untested, to.orphan = cmp.Or(to.untested, row.Untested), to.orphan || row.Orphan
	for _, id := range row.Cells {
		c, there := u.cells[id]
		if !there || to.seen[id] || !inGrid(c) {
			continue
		}
		to.seen[id], u.placed[id] = true, true
		to.cells = append(to.cells, unitedCell{c, from})
	}
}

// removeReplaced removes bare homes from hosts that embed a home of the same user. A report that
// has only the bare home does not know of the others.
func (u *union) removeReplaced() {
	u.placed = map[string]bool{}
	for _, row := range u.rows {
		own := map[string]bool{} // users
		for _, c := range row.cells {
			own[c.User] = own[c.User] || c.Kind == result.KindHome && !c.Bare()
		}
		row.cells = slices.DeleteFunc(row.cells, func(c unitedCell) bool { return c.Bare() && own[c.User] })
		for _, c := range row.cells {
			u.placed[c.ID] = true
		}
	}
}

// layout returns the row as [Matrix.Layout] does.
func (r *unitedRow) layout(host string) result.Row {
	row := result.Row{Host: host, Untested: r.untested, Cells: []string{}}
	var systems, vms []unitedCell
	homes := map[string][]unitedCell{}
	for _, c := range r.cells {
		switch {
		case c.Kind.IsHost():
			systems = append(systems, c)
		case c.Kind == result.KindHome:
			homes[c.User] = append(homes[c.User], c)
		default:
			vms = append(vms, c)
		}
	}
	if len(systems) > 0 {
		row.Untested = ""
	}
	slices.SortStableFunc(systems, func(a, b unitedCell) int {
		kinds := result.Kinds()
		return cmp.Or(cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)), cmp.Compare(attrLength(a.Attr), attrLength(b.Attr)), Compare(a.Cell, b.Cell))
	})
	add := func(cells []unitedCell) {
		for _, c := range cells {
			row.Cells = append(row.Cells, c.ID)
		}
	}
	add(systems)
	add(vms)
	for _, user := range slices.SortedFunc(maps.Keys(homes), natural) {
		add(inOrder(homes[user]))
	}
	return row
}

// inOrder sorts the homes of one place. A grid that has all of them knows their order. Otherwise
// a home of its own comes before one that is part of the host.
func inOrder(homes []unitedCell) []unitedCell {
	if !slices.ContainsFunc(homes, func(c unitedCell) bool { return c.from != homes[0].from }) {
		return homes
	}
	embedded := func(c unitedCell) int { return min(len(c.PartOf), 1) }
	slices.SortStableFunc(homes, func(a, b unitedCell) int {
		return cmp.Or(cmp.Compare(embedded(a), embedded(b)), Compare(a.Cell, b.Cell))
	})
	return homes
}

// attrLength returns the number of names in an attribute path, as [quoteAttr] writes it.
func attrLength(attr string) int {
	names, quoted := 1, false
	for i := 0; i < len(attr); i++ {
		switch {
		case attr[i] == '\\':
			i++
		case attr[i] == '"':
			quoted = !quoted
		case attr[i] == '.' && !quoted:
			names++
		}
	}
	return names
}
