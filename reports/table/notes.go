package table

import (
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// others appends how many cells of each further kind ended how.
func (p *page) others(cells []result.Cell) error {
	if len(cells) == 0 {
		return nil
	}
	kinds, groups := view.ByKind(cells)
	var rows [][]string
	for _, kind := range kinds {
		rows = append(rows, []string{p.in(view.Quiet, view.KindTitle(kind)), view.CountCells(groups[kind]).String()})
	}
	lines, err := p.table(nil, rows)
	p.gap()
	p.add(lines...)
	return err
}

// remarks appends what the grid and the counts do not say by themselves: which
// cells were only evaluated or skipped and for what reason, which passed at a
// second attempt only, and which of those outside the grid did not pass.
func (p *page) remarks(r result.Report, k view.Labeler) {
	p.gap()
	for _, t := range view.Notes(r.Cells, k) {
		names := strings.Join(t.Cells, ", ")
		if n := len(t.Cells); n == len(r.Cells) && n > 3 {
			names = fmt.Sprintf("all %d cells", n)
		}
		p.hang(t.Text + ": " + names)
	}
	for _, note := range r.Notes {
		p.hang("note: " + note)
	}
	for _, warning := range r.Warnings {
		p.hang("warning: " + warning.String())
	}
}

// hang appends prose whose lines after the first are indented.
func (p *page) hang(text string) {
	const indent = 2
	for i, line := range view.Wrap(text, p.measure(indent)) {
		if i == 0 {
			p.add(line)
			continue
		}
		p.add(strings.Repeat(" ", indent) + line)
	}
}
