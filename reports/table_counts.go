package reports

import (
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// others appends how many cells of each further kind ended how.
func (p *page) others(cells []result.Cell) error {
	if len(cells) == 0 {
		return nil
	}
	kinds, groups := byKind(cells)
	var rows [][]string
	for _, kind := range kinds {
		rows = append(rows, []string{p.in(quiet, kindTitle(kind)), tally(groups[kind]).words()})
	}
	lines, err := p.table(nil, rows)
	p.gap()
	p.add(lines...)
	return err
}

// remarks appends what the grid and the counts do not say by themselves: which
// cells were only evaluated or skipped and for what reason, which passed at a
// second attempt only, and which of those outside the grid did not pass.
func (p *page) remarks(r result.Report, k marker) {
	p.gap()
	for _, t := range remarks(r.Cells, k) {
		names := strings.Join(t.cells, ", ")
		if n := len(t.cells); n == len(r.Cells) && n > 3 {
			names = fmt.Sprintf("all %d cells", n)
		}
		p.hang(t.words + ": " + names)
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
	for i, line := range wrap(text, p.measure(indent)) {
		if i == 0 {
			p.add(line)
			continue
		}
		p.add(strings.Repeat(" ", indent) + line)
	}
}
