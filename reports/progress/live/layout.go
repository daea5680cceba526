package live

import (
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// gridLayout is a report as the table lays it out: the live view shows the same grid as it
// fills up.
type gridLayout struct {
	Columns []string // titles after that of the hosts: the system, its VM, each user
	Rows    []layoutRow
	Others  []kindCells // cells that have no place in the grid
}

// layoutRow is a row of the grid with a place for each column.
type layoutRow struct {
	Name   string
	Places []layoutPlace
}

// layoutPlace is the place of one row and one column.
type layoutPlace struct {
	Cells []string // ids
	Label placeLabel
}

// kindCells is a kind of cell outside the grid, such as checks, or the homes that serve no host.
type kindCells struct {
	Title string
	Cells []string // ids
}

// placeLabel is what the grid shows in a place: a sign, one column wide, and a text, or
// Brief if there is little room. SGR is the number of the terminal color, empty for none.
type placeLabel struct {
	Sign, Text, Brief, SGR string
}

// newGridLayout lays a report out. A cell without a status is still to come. All text except
// ids is safe to show on a terminal.
func newGridLayout(r result.Report) gridLayout {
	given := r.Cells
	r = view.Terminal().Report(r)
	original := map[string]string{} // ids by their sanitized form
	for i, c := range r.Cells {
		original[c.ID] = given[i].ID
	}
	ids := func(cells []result.CellResult) (list []string) {
		for _, c := range cells {
			list = append(list, original[c.ID])
		}
		return list
	}
	layout := view.NewLayout(r)
	full := view.Labeler{Index: view.NewCauseIndex(r)}
	brief := full
	brief.Detail = view.DetailBrief
	var grid gridLayout
	columns := layout.Columns()
	for _, c := range columns {
		grid.Columns = append(grid.Columns, c.Title)
	}
	for _, row := range layout.Rows {
		live := layoutRow{Name: row.Title()}
		for _, c := range columns {
			cells := c.Cells(row)
			label := c.Place(row, full)
			live.Places = append(live.Places, layoutPlace{
				Cells: ids(cells),
				Label: placeLabel{Sign: label.Sign, Text: label.Text, Brief: c.Place(row, brief).Text, SGR: label.Tone.SGR()},
			})
		}
		grid.Rows = append(grid.Rows, live)
	}
	if len(layout.Anywhere) > 0 {
		grid.Others = append(grid.Others, kindCells{Title: view.AnywhereTitle, Cells: ids(layout.Anywhere)})
	}
	kinds, groups := view.ByKind(layout.Others)
	for _, kind := range kinds {
		grid.Others = append(grid.Others, kindCells{Title: view.KindTitle(kind), Cells: ids(groups[kind])})
	}
	return grid
}
