package view

import (
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// Layout is a report laid out as a grid.
type Layout struct {
	users    []string
	Rows     []Row
	byHost   map[string]int      // indexes of rows by host
	Anywhere []result.CellResult // homes that serve no host of the flake
	Others   []result.CellResult // cells of kinds that have no place in the grid
}

// Row is a row of the grid: a host.
type Row struct {
	Name   string
	Note   string // set if the flake has no such host
	System []result.CellResult
	// Untested is the id of the system if the run left it out and there is no other system.
	Untested string
	VM       []result.CellResult
	Homes    map[string][]result.CellResult // by user
}

// NewLayout lays a report out as its grid says. A cell without a row there, as in a report
// made by hand, gets one, so that no cell is lost.
func NewLayout(r result.Report) *Layout {
	l := &Layout{users: slices.Clone(r.Grid.Users), byHost: map[string]int{}}
	own, bare := map[string][]result.CellResult{}, map[string][]result.CellResult{} // by id, which several cells may share once credentials are masked
	at := map[[2]string]int{}
	for _, c := range r.Cells {
		switch key := [2]string{c.ID, c.User}; {
		case !hasPlace(c):
			l.Others = append(l.Others, c)
			continue
		case !c.Bare():
			own[c.ID] = append(own[c.ID], c)
		default: // the worst of a user's homes stands for all of them
			i, there := at[key]
			if !there {
				at[key] = len(bare[c.ID])
				bare[c.ID] = append(bare[c.ID], c)
			} else {
				bare[c.ID][i] = worst([]result.CellResult{bare[c.ID][i], c})
			}
		}
	}
	placed := map[string]bool{} // ids of bare homes that have a row
	for _, g := range r.Grid.Rows {
		put := func(c result.CellResult) { l.Anywhere = append(l.Anywhere, c) }
		if !g.NoHost {
			put = l.newRow(g).put
		}
		seen := map[string]bool{}
		for _, id := range g.Cells {
			if seen[id] {
				continue
			}
			seen[id], placed[id] = true, true
			for _, c := range bare[id] { // only bare homes may be in several rows
				put(onHost(c, g.Host))
			}
			if of := own[id]; len(of) > 0 {
				put(of[0])
				own[id] = of[1:]
			}
		}
	}
	for _, host := range r.Grid.Hosts {
		l.row(host)
	}
	for _, c := range r.Cells {
		for _, of := range own[c.ID] {
			l.row(of.Host).put(of)
		}
		delete(own, c.ID)
		if !placed[c.ID] {
			placed[c.ID] = true
			l.Anywhere = append(l.Anywhere, bare[c.ID]...)
		}
	}
	l.addUsers(r.Cells)
	return l
}

// addUsers adds the users that have a home in a row and no column yet, in the order of the cells.
func (l *Layout) addUsers(cells []result.CellResult) {
	missing := map[string]bool{}
	for _, row := range l.Rows {
		for user := range row.Homes {
			missing[user] = true
		}
	}
	for _, user := range l.users {
		delete(missing, user)
	}
	for _, c := range cells {
		if missing[c.User] && c.Kind == result.KindHome {
			l.users = append(l.users, c.User)
			delete(missing, c.User)
		}
	}
}

// hasPlace reports whether a cell belongs in a row of the grid.
func hasPlace(c result.CellResult) bool {
	return InGrid(c) && (c.Host != "" || c.Kind == result.KindHome)
}

// rowNote says why a row is not a host's.
func rowNote(g result.Row) string {
	if g.Orphan {
		return "(no such host)"
	}
	return ""
}

// Title returns the row's name with its note.
func (r Row) Title() string { return strings.TrimPrefix(r.Name+WithPrefix(" ", r.Note), " ") }

// newRow adds a row.
func (l *Layout) newRow(g result.Row) *Row {
	if _, there := l.byHost[g.Host]; !there {
		l.byHost[g.Host] = len(l.Rows)
	}
	l.Rows = append(l.Rows, Row{Name: g.Host, Untested: g.Untested, Note: rowNote(g), Homes: map[string][]result.CellResult{}})
	return &l.Rows[len(l.Rows)-1]
}

// row returns the row of a host. It adds the row if it is missing.
func (l *Layout) row(host string) *Row {
	if i, there := l.byHost[host]; there {
		return &l.Rows[i]
	}
	return l.newRow(result.Row{Host: host})
}

// InGrid reports whether a cell is of a kind that the grid has a place for.
func InGrid(c result.CellResult) bool {
	return c.Kind.IsHost() || c.Kind == result.KindVM || c.Kind == result.KindHome
}

// put adds a cell to the row.
func (r *Row) put(c result.CellResult) {
	switch c.Kind {
	case result.KindHome:
		r.Homes[c.User] = append(r.Homes[c.User], c)
	case result.KindVM:
		r.VM = append(r.VM, c)
	default:
		r.System = append(r.System, c)
	}
}

// onHost reduces a home that serves several hosts to what happened on one of them.
func onHost(c result.CellResult, host string) result.CellResult {
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

// AnywhereTitle is the title of the homes that serve no host of the flake.
const AnywhereTitle = "anywhere"

// HomeKey returns the key of a home as its id has it.
func HomeKey(c result.CellResult) string {
	return strings.TrimPrefix(c.ID, string(result.KindHome)+"/")
}

// Column is a column of the grid, apart from that of the hosts.
type Column struct {
	Title string
	User  bool // the title is a user's name
	Cells func(Row) []result.CellResult
}

// Place labels the place of a row in the column.
func (c Column) Place(r Row, l Labeler) Label {
	if !c.User && c.Title == systemTitle && len(r.System) == 0 && r.Untested != "" {
		return l.untested()
	}
	return l.Place(c.Cells(r))
}

const systemTitle = "system"

// Columns returns the columns: the systems, the virtual machines, each user.
func (l *Layout) Columns() []Column {
	var columns []Column
	if slices.ContainsFunc(l.Rows, func(r Row) bool { return len(r.System) > 0 || r.Untested != "" }) {
		columns = append(columns, Column{systemTitle, false, func(r Row) []result.CellResult { return r.System }})
	}
	if slices.ContainsFunc(l.Rows, func(r Row) bool { return len(r.VM) > 0 }) {
		columns = append(columns, Column{"vm", false, func(r Row) []result.CellResult { return r.VM }})
	}
	for _, user := range l.users {
		columns = append(columns, Column{user, true, func(r Row) []result.CellResult { return r.Homes[user] }})
	}
	return columns
}
