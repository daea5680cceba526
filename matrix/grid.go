package matrix

import (
	"maps"
	"slices"

	"github.com/flakeci/flakeci/result"
)

// Grid names the rows and columns for hosts and homes.
type Grid struct {
	Hosts   []string `json:"hosts"`   // rows, sorted; in a flake without hosts, the hosts that homes name
	Users   []string `json:"users"`   // columns, sorted; not those of homes that serve no host
	Orphans []string `json:"orphans"` // ids of homes for hosts that do not exist, sorted
}

// scope is which rows a selection shows.
type scope struct {
	hosts    []string      // hosts that it names; nil for all
	untested []result.Cell // hosts that it leaves out only because of their kind
}

func (s scope) includes(host string) bool { return s.hosts == nil || slices.Contains(s.hosts, host) }

// assemble makes a matrix of some of the cells that a flake offers, with their rows and columns.
func assemble(o *offer, cells []result.Cell, s scope) Matrix {
	grid := Grid{Hosts: []string{}, Users: []string{}, Orphans: []string{}}
	hosts, users := map[string]bool{}, map[string]bool{}
	for _, c := range cells {
		rows := o.rows(c)
		for _, host := range rows {
			hosts[host] = o.hasHost(host) && s.includes(host)
		}
		if c.Kind == result.KindHome && len(rows) > 0 {
			users[c.User] = true
		}
		if o.isOrphan(c) {
			grid.Orphans = append(grid.Orphans, c.ID)
		}
	}
	for _, c := range s.untested {
		hosts[c.Host] = s.includes(c.Host)
	}
	maps.DeleteFunc(hosts, func(_ string, shown bool) bool { return !shown })
	grid.Hosts = slices.AppendSeq(grid.Hosts, maps.Keys(hosts))
	grid.Users = slices.AppendSeq(grid.Users, maps.Keys(users))
	slices.SortFunc(grid.Hosts, natural)
	slices.SortFunc(grid.Users, natural)
	if cells == nil {
		cells = []result.Cell{} // so that the JSON has a list
	}
	return Matrix{Grid: grid, Cells: cells, offer: o, scope: s}
}

// Home returns the home that a user gets on a host: user@host, else the one that the host
// embeds, else a bare one named after the user. It returns false if there is none, or if a
// selection left it out.
func (m Matrix) Home(host, user string) (result.Cell, bool) {
	homes := m.offered().candidates(host, user)
	if len(homes) == 0 {
		return result.Cell{}, false
	}
	i := slices.IndexFunc(m.Cells, func(c result.Cell) bool { return c.ID == homes[0].ID })
	if i < 0 {
		return result.Cell{}, false
	}
	return m.Cells[i], true
}
