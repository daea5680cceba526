package reports

import (
	"github.com/flakeci/flakeci/result"
)

// Layout is a report as the table lays it out. It is for the live view, which
// shows the same grid while it fills up.
type Layout struct {
	Columns []string // titles, without that of the hosts: the system, its VM, one for each user
	Rows    []LayoutRow
	Others  []LayoutKind // what has no place in the grid
}

// LayoutRow is a row of the grid with a place for each column.
type LayoutRow struct {
	Name   string
	Places []Place
}

// Place is where a row and a column meet.
type Place struct {
	Cells []string // ids; none where there is nothing
	Mark  Mark
}

// LayoutKind is a kind of cells outside of the grid, such as checks.
type LayoutKind struct {
	Title string
	Cells []string // ids
}

// Mark is what the grid shows of a place: a sign, one column wide, and a word or
// two, or fewer where there is little room. SGR is the colour as a terminal's
// number, empty for none.
type Mark struct {
	Sign, Text, Brief, SGR string
}

// Lay lays a report out. A cell without a status is one that is still to come.
// All text but ids is safe to show on a terminal.
func Lay(r result.Report) Layout {
	given := r.Cells
	r = terminal().report(r)
	asGiven := map[string]string{} // ids by what would be shown of them
	for i, c := range r.Cells {
		asGiven[c.ID] = given[i].ID
	}
	ids := func(cells []result.Cell) (list []string) {
		for _, c := range cells {
			list = append(list, asGiven[c.ID])
		}
		return list
	}
	s := newSheet(r)
	full := marker{index: newIndex(r)}
	brief := full
	brief.detail = inBrief
	var l Layout
	columns := s.columns()
	for _, c := range columns {
		l.Columns = append(l.Columns, c.title)
	}
	for _, w := range s.rows {
		line := LayoutRow{Name: w.title()}
		for _, c := range columns {
			cells := c.cells(w)
			m := full.place(cells)
			line.Places = append(line.Places, Place{
				Cells: ids(cells),
				Mark:  Mark{Sign: m.sign, Text: m.text, Brief: brief.place(cells).text, SGR: m.tone.sgr()},
			})
		}
		l.Rows = append(l.Rows, line)
	}
	kinds, groups := byKind(s.others)
	for _, kind := range kinds {
		l.Others = append(l.Others, LayoutKind{Title: kindTitle(kind), Cells: ids(groups[kind])})
	}
	return l
}
