package live

import (
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// gridLayout is a report as the table lays it out: the live view shows the same grid as it
// fills up.
type gridLayout struct {
	Columns []string // titles after that of the hosts: the system, its VM, each user
	Rows    []gridRow
	Others  []kindCells // cells that have no place in the grid
}

// kindCells is a kind of cell outside the grid, such as checks, or the homes that serve no host.
type kindCells struct {
	Title string
	Cells []string // ids
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
		live := gridRow{name: row.Title()}
		for _, c := range columns {
			cells := c.Cells(row)
			label := c.Place(row, full)
			live.places = append(live.places, place{
				cells: ids(cells), sign: label.Sign, text: label.Text, brief: c.Place(row, brief).Text, sgr: label.Tone.SGR(),
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
