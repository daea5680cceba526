package view

import (
	"github.com/flakeci/flakeci/result"
)

// LiveGrid is a report as the table lays it out. It is for the live view, which
// shows the same grid while it fills up.
type LiveGrid struct {
	Columns []string // titles, without that of the hosts: the system, its VM, one for each user
	Rows    []LiveRow
	Others  []LiveKind // what has no place in the grid
}

// LiveRow is a row of the grid with a place for each column.
type LiveRow struct {
	Name   string
	Places []LivePlace
}

// LivePlace is where a row and a column meet.
type LivePlace struct {
	Cells []string // ids; none where there is nothing
	Mark  LiveLabel
}

// LiveKind is a kind of cells outside of the grid, such as checks.
type LiveKind struct {
	Title string
	Cells []string // ids
}

// LiveLabel is what the grid shows of a place: a sign, one column wide, and a word or
// two, or fewer where there is little room. SGR is the colour as a terminal's
// number, empty for none.
type LiveLabel struct {
	Sign, Text, Brief, SGR string
}

// NewLiveGrid lays a report out. A cell without a status is one that is still to come.
// All text but ids is safe to show on a terminal.
func NewLiveGrid(r result.Report) LiveGrid {
	given := r.Cells
	r = Terminal().Report(r)
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
	s := NewLayout(r)
	full := Labeler{Index: NewIndex(r)}
	brief := full
	brief.Detail = DetailBrief
	var l LiveGrid
	columns := s.Columns()
	for _, c := range columns {
		l.Columns = append(l.Columns, c.Title)
	}
	for _, w := range s.Rows {
		line := LiveRow{Name: w.Title()}
		for _, c := range columns {
			cells := c.Cells(w)
			m := full.Place(cells)
			line.Places = append(line.Places, LivePlace{
				Cells: ids(cells),
				Mark:  LiveLabel{Sign: m.Sign, Text: m.Text, Brief: brief.Place(cells).Text, SGR: m.Tone.SGR()},
			})
		}
		l.Rows = append(l.Rows, line)
	}
	kinds, groups := ByKind(s.Others)
	for _, kind := range kinds {
		l.Others = append(l.Others, LiveKind{Title: KindTitle(kind), Cells: ids(groups[kind])})
	}
	return l
}
