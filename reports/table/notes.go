package table

import (
	"fmt"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// otherKinds appends how the cells outside the grid ended, a line for each kind.
func (p *page) otherKinds(cells []result.CellResult) error {
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

// remarks appends what the grid and the counts do not say: which cells were only evaluated or
// skipped and why, which passed only at a second attempt, and which outside the grid failed.
func (p *page) remarks(r result.Report, labeler view.Labeler) {
	p.gap()
	for _, note := range view.Notes(r.Cells, labeler) {
		names := strings.Join(view.FirstNames(note.Cells, view.ListedCells), ", ")
		if n := len(note.Cells); n == len(r.Cells) && n > 3 {
			names = fmt.Sprintf("all %d cells", n)
		}
		p.paragraph(note.Text + ": " + names)
	}
	for _, note := range r.Notes {
		p.paragraph("note: " + note)
	}
	for _, text := range view.PushTexts(r) {
		p.fact("push: " + text)
	}
	p.warnings(r)
}

// warnings appends what the run warns about, and the first warnings of the flake.
func (p *page) warnings(r result.Report) {
	ofRun, ofFlake := view.Warnings(r)
	for _, w := range ofRun {
		p.paragraph("warning: " + w.String())
	}
	for i, w := range ofFlake {
		if more := len(ofFlake) - i; i == view.ShownWarnings && more > 1 {
			p.paragraph(fmt.Sprintf("… and %d more warnings; --html and --json list all", more))
			return
		}
		w.Cells = []string{view.JoinFirst(w.Cells, view.InlineCells)}
		p.paragraph("warning: " + w.String())
	}
}
