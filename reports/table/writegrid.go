package table

import (
	"fmt"
	"io"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// WriteGrid writes the cells of a report without results: the grid, then the names of the
// cells that have no place in it.
func WriteGrid(w io.Writer, r result.Report, o Options) error {
	r = view.Terminal().Report(r)
	p := &page{options: o}
	layout := view.NewLayout(r)
	if err := p.grid(layout, view.NewCauseIndex(r)); err != nil {
		return fmt.Errorf("lay out the grid: %w", err)
	}
	p.gap()
	p.names(layout.Others)
	p.gap()
	if ids := layout.Untested(); len(ids) > 0 {
		p.paragraph(view.SignSkipped + " not tested (" + view.UntestedWhy + "): " + strings.Join(ids, ", "))
	}
	if left := view.NotTestedText(r); left != "" {
		p.paragraph("not tested: " + left)
	}
	for _, note := range r.Notes {
		p.paragraph("note: " + note)
	}
	p.gap()
	p.add(extent(r))
	return p.writeTo(w)
}

// names appends the cells outside the grid by kind.
func (p *page) names(cells []result.CellResult) {
	kinds, groups := view.ByKind(cells)
	const column = 13
	for _, kind := range kinds {
		names := make([]string, 0, len(groups[kind]))
		for _, c := range groups[kind] {
			names = append(names, strings.TrimPrefix(c.ID, string(kind)+"/"))
		}
		title := fmt.Sprintf("%-*s", column, view.KindTitle(kind))
		for _, line := range view.Fill(names, ",", p.measure(column)) {
			p.add(p.in(view.Quiet, title) + line)
			title = strings.Repeat(" ", column)
		}
	}
}

// extent says how large the flake is.
func extent(r result.Report) string {
	parts := []string{view.Count(len(r.Grid.Hosts), "host"), view.Count(len(r.Grid.Users), "user"), view.CellsText(r.Cells)}
	if n := len(r.Grid.Orphans); n > 0 {
		parts = append(parts, view.Count(n, "home")+" for hosts that do not exist")
	}
	return strings.Join(parts, ", ")
}
