package html

import (
	"cmp"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// grid is the grid on the page, with a link for every cell.
type grid struct {
	Columns []string
	Rows    []row
}

// row is a row of the grid.
type row struct {
	Name   string
	Places []place
}

// place is a place in the grid. It holds any number of cells, or says why it is empty.
type place struct {
	Labels     []label
	Empty, Why string
}

// group is some of the cells that have no place in the grid.
type group struct {
	Title, Words string
	Labels       []label
}

// label shows a cell and leads to it.
type label struct {
	Cell                int // number
	Name                string
	Sign, Meaning, Text string
	Tone                string
	Tags                []tag
	Title               string // everything in words
	Is, Find            string // what filters match: words, and any text
}

// note is a note with links to its cells.
type note struct {
	Head  string
	All   bool // the note is about all cells
	Cells []link
}

// link leads to a cell or a cause, by its number.
type link struct {
	Number int
	Text   string
}

// grid makes the grid.
func (b *builder) grid(layout *view.Layout) grid {
	var g grid
	columns := layout.Columns()
	for _, c := range columns {
		g.Columns = append(g.Columns, cmp.Or(c.Title, "(no name)"))
	}
	for _, r := range layout.Rows {
		shown := row{Name: r.Title()}
		for _, c := range columns {
			at := place{Labels: b.labels(c.Cells(r))}
			if empty := c.Place(r, b.labeler); len(at.Labels) == 0 && empty.Text != "" {
				at.Empty, at.Why = empty.String(), r.Untested+": "+view.UntestedWhy
			}
			shown.Places = append(shown.Places, at)
		}
		g.Rows = append(g.Rows, shown)
	}
	return g
}

// groups groups the cells outside the grid: the homes that serve no host, then the others by kind.
func (b *builder) groups(anywhere, others []result.CellResult) []group {
	kinds, cells := view.ByKind(others)
	var groups []group
	if len(anywhere) > 0 {
		groups = append(groups, group{Title: view.AnywhereTitle, Words: view.CountCells(anywhere).String(), Labels: b.labels(anywhere)})
	}
	for _, kind := range kinds {
		groups = append(groups, group{
			Title: cmp.Or(view.KindTitle(kind), "others"), Words: view.CountCells(cells[kind]).String(), Labels: b.labels(cells[kind]),
		})
	}
	return groups
}

func (b *builder) labels(cells []result.CellResult) []label {
	var labels []label
	for _, c := range cells {
		labels = append(labels, b.label(c))
	}
	return labels
}

func (b *builder) label(c result.CellResult) label {
	full := b.labeler.Full(c)
	shown := label{
		Cell: b.numbers[c.ID], Name: cmp.Or(strings.TrimPrefix(c.ID, string(c.Kind)+"/"), c.ID), Sign: full.Sign, Text: full.Text,
		Meaning: meaning(c), Tone: toneClass(full.Tone), Tags: b.tags(c), Is: strings.Join(filterWords(c), " "),
	}
	shown.Title = c.ID + ": " + shown.Meaning + view.InParentheses(view.Reason(c))
	find := []string{c.ID, c.System, string(c.Status), full.Text}
	for _, i := range b.causesOf[c.ID] {
		find = append(find, view.Fit(b.causeList[i].Title, 120))
	}
	shown.Find = strings.ToLower(strings.Join(find, " "))
	return shown
}

// toneClass returns the CSS class of a tone.
func toneClass(t view.Tone) string {
	return map[view.Tone]string{view.Good: "good", view.Warn: "warn", view.Bad: "bad", view.Quiet: "quiet"}[t]
}

// meaning says in words how a cell ended.
func meaning(c result.CellResult) string {
	switch {
	case c.Status == "":
		return "no result"
	case c.Status == result.Passed && c.Flaky:
		return "passed after a retry"
	case c.Status == result.Passed && c.How != "":
		return "passed, " + string(c.How)
	case c.Status == result.Failed && c.FailedPhase() != (result.PhaseName{}):
		return "failed at " + c.FailedPhase().String()
	}
	return strings.ReplaceAll(string(c.Status), "-", " ")
}

// remarks returns what the grid does not say by itself.
func (b *builder) remarks() []note {
	list := b.withLinks(view.Notes(b.report.Cells, b.labeler))
	for i, n := range list {
		list[i].All = len(n.Cells) == len(b.report.Cells) && len(n.Cells) > 3
	}
	return list
}

// withLinks adds links to notes.
func (b *builder) withLinks(notes []view.Note) []note {
	var list []note
	for _, n := range notes {
		list = append(list, note{Head: n.Text, Cells: b.links(n.Cells)})
	}
	return list
}

// links makes links to cells.
func (b *builder) links(ids []string) []link {
	var links []link
	for _, id := range ids {
		links = append(links, link{b.numbers[id], id})
	}
	return links
}
