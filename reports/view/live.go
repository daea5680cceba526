package view

import "github.com/flakeci/flakeci/result"

// LiveGrid is a report as the table lays it out, for the live view, which shows the same grid
// while it fills up.
type LiveGrid struct {
	Columns []string // titles after that of the hosts: the system, its VM, each user
	Rows    []LiveRow
	Others  []LiveKind // cells that have no place in the grid
}

// LiveRow is a row of the grid with a place for each column.
type LiveRow struct {
	Name   string
	Places []LivePlace
}

// LivePlace is where a row and a column meet.
type LivePlace struct {
	Cells []string // ids
	Label LiveLabel
}

// LiveKind is a kind of cell outside the grid, such as checks.
type LiveKind struct {
	Title string
	Cells []string // ids
}

// LiveLabel is what the grid shows in a place: a sign, one column wide, and a text, or Brief
// where there is little room. SGR is the number of the terminal color, empty for none.
type LiveLabel struct {
	Sign, Text, Brief, SGR string
}

// NewLiveGrid lays a report out. A cell without a status is still to come. All text except
// ids is safe to show on a terminal.
func NewLiveGrid(r result.Report) LiveGrid {
	given := r.Cells
	r = Terminal().Report(r)
	original := map[string]string{} // ids by their sanitized form
	for i, c := range r.Cells {
		original[c.ID] = given[i].ID
	}
	ids := func(cells []result.Cell) (list []string) {
		for _, c := range cells {
			list = append(list, original[c.ID])
		}
		return list
	}
	layout := NewLayout(r)
	full := Labeler{Index: NewCauseIndex(r)}
	brief := full
	brief.Detail = DetailBrief
	var grid LiveGrid
	columns := layout.Columns()
	for _, c := range columns {
		grid.Columns = append(grid.Columns, c.Title)
	}
	for _, row := range layout.Rows {
		live := LiveRow{Name: row.Title()}
		for _, c := range columns {
			cells := c.Cells(row)
			label := full.Place(cells)
			live.Places = append(live.Places, LivePlace{
				Cells: ids(cells),
				Label: LiveLabel{Sign: label.Sign, Text: label.Text, Brief: brief.Place(cells).Text, SGR: label.Tone.SGR()},
			})
		}
		grid.Rows = append(grid.Rows, live)
	}
	kinds, groups := ByKind(layout.Others)
	for _, kind := range kinds {
		grid.Others = append(grid.Others, LiveKind{Title: KindTitle(kind), Cells: ids(groups[kind])})
	}
	return grid
}
