package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// kindTitles are the kinds without a place in the grid, in the order in which
// they are shown, with the words for several of them.
func kindTitles() [][2]string {
	return [][2]string{
		{"check", "checks"}, {"package", "packages"},
		{"devshell", "dev shells"}, {"formatter", "formatters"},
	}
}

// kindTitle is the word for several cells of a kind.
func kindTitle(kind string) string {
	for _, k := range kindTitles() {
		if k[0] == kind {
			return k[1]
		}
	}
	return kind
}

// byKind groups cells: known kinds in their order, then others as they come.
func byKind(cells []result.Cell) (kinds []string, groups map[string][]result.Cell) {
	groups = map[string][]result.Cell{}
	var found []string
	for _, c := range cells {
		if groups[c.Kind] == nil {
			found = append(found, c.Kind)
		}
		groups[c.Kind] = append(groups[c.Kind], c)
	}
	for _, k := range kindTitles() {
		if groups[k[0]] != nil {
			kinds = append(kinds, k[0])
		}
	}
	for _, kind := range found {
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds, groups
}

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

// remarks are those of all cells, once each.
func remarks(cells []result.Cell, k marker) []told {
	var list []told
	for _, c := range cells {
		if words := remark(c, k); words != "" {
			list = tell(list, words, c.ID)
		}
	}
	return list
}

// remark is what is to be said of a cell, the same words for all cells of which
// the same is to be said.
func remark(c result.Cell, k marker) string {
	why := after(" (", noteText(c))
	if why != "" {
		why += ")"
	}
	switch {
	case c.Status == result.Passed && c.Flaky:
		return signPassed + " flaky, passed only after a retry" + why
	case c.Status == result.Passed && c.How == result.Evaluated:
		return signPartial + " only evaluated" + why
	case c.Removed():
		return "" // the changes say so
	case c.Status == result.Skipped:
		return signSkipped + " skipped" + why
	case c.Kind == "vm" && c.Note != "":
		return "vm: " + c.Note
	case c.Status == result.Canceled && c.Note != "":
		return signSkipped + " canceled" + why
	case c.Status == result.Passed && c.Note != "":
		return signSame + " " + c.Note
	case c.Status == result.Passed && c.SameAs != "" && k.sameAs(c) == "":
		return signSame + " same as " + c.SameAs
	case c.Status.NeedsAttention() && !inGrid(c):
		return k.cell(c).String() + why
	}
	return ""
}

// noteText is a cell's note without the word that says the same as its status.
func noteText(c result.Cell) string {
	for _, word := range []string{"only evaluated: ", "skipped: "} {
		if rest, found := strings.CutPrefix(c.Note, word); found {
			return rest
		}
	}
	return c.Note
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
