package table

import (
	"slices"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// anywhere appends the homes that serve no host of the flake, a line for each. Without room for
// it, the column of users is left out.
func (p *page) anywhere(homes []result.CellResult, index view.CauseIndex) error {
	if len(homes) == 0 {
		return nil
	}
	header := []string{view.AnywhereTitle, "user", "home"}
	rows := [][]string{}
	widths := []int{view.Width(header[0]), view.Width(header[1]), view.Width(header[2])}
	for _, c := range homes {
		label := view.Labeler{Index: index}.Cell(c)
		row := []string{p.name(view.HomeKey(c)), p.name(c.User), label.String()}
		for i, text := range row {
			widths[i] = max(widths[i], view.Width(text))
		}
		row[2] = p.in(label.Tone, row[2])
		rows = append(rows, row)
	}
	if p.fitting(widths) < len(widths) {
		header = slices.Delete(header, 1, 2)
		rows = view.Map(rows, func(row []string) []string { return slices.Delete(row, 1, 2) })
	}
	lines, err := p.table(header, rows)
	p.gap()
	p.add(lines...)
	return err
}
