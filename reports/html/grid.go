package html

import (
	"cmp"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// grid is the sheet, with a link for every cell.
type grid struct {
	Columns []string
	Rows    []row
}

// row is a host; in a place of it any number of cells may stand.
type row struct {
	Name   string
	Places [][]label
}

// group is all cells of a kind that has no place in the grid.
type group struct {
	Title, Words string
	Marks        []label
}

// label stands for a cell and leads to it.
type label struct {
	Cell              int // its number
	Name              string
	Sign, Means, Text string
	Tone              string
	Tags              []tag
	Title             string // all of it in words
	Is, Find          string // what filters look at: words, and any text
}

// note is what is to be said of several cells.
type note struct {
	Head  string
	All   bool // of every cell there is
	Cells []link
}

// link leads to a cell or a cause.
type link struct {
	Number int
	Text   string
}

func (m *maker) grid(s *view.Layout) grid {
	var g grid
	columns := s.Columns()
	for _, c := range columns {
		g.Columns = append(g.Columns, cmp.Or(c.Title, "(no name)"))
	}
	for _, w := range s.Rows {
		line := row{Name: w.Title()}
		for _, c := range columns {
			line.Places = append(line.Places, m.marks(c.Cells(w)))
		}
		g.Rows = append(g.Rows, line)
	}
	return g
}

func (m *maker) groups(others []result.Cell) []group {
	kinds, cells := view.ByKind(others)
	var groups []group
	for _, kind := range kinds {
		groups = append(groups, group{
			Title: cmp.Or(view.KindTitle(kind), "others"), Words: view.CountCells(cells[kind]).String(), Marks: m.marks(cells[kind]),
		})
	}
	return groups
}

func (m *maker) marks(cells []result.Cell) []label {
	var marks []label
	for _, c := range cells {
		marks = append(marks, m.mark(c))
	}
	return marks
}

func (m *maker) mark(c result.Cell) label {
	k := m.marker.Full(c)
	mark := label{
		Cell: m.numbers[c.ID], Name: cmp.Or(strings.TrimPrefix(c.ID, c.Kind+"/"), c.ID), Sign: k.Sign, Text: k.Text,
		Means: means(c), Tone: toneClass(k.Tone), Tags: m.tags(c), Is: strings.Join(filterWords(c), " "),
	}
	mark.Title = c.ID + ": " + mark.Means + view.WithPrefix(" (", view.Reason(c))
	if view.Reason(c) != "" {
		mark.Title += ")"
	}
	find := []string{c.ID, c.System, string(c.Status), k.Text}
	for _, i := range m.stopping[c.ID] {
		find = append(find, view.Fit(m.why[i].Title, 120))
	}
	mark.Find = strings.ToLower(strings.Join(find, " "))
	return mark
}

// toneClass is the name of a tone in the page's style.
func toneClass(t view.Tone) string {
	return map[view.Tone]string{view.Good: "good", view.Warn: "warn", view.Bad: "bad", view.Quiet: "quiet"}[t]
}

// means says how a cell ended, in words.
func means(c result.Cell) string {
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

// remarks are what the grid does not say by itself, as the table has them.
func (m *maker) remarks() []note {
	list := m.told(view.Notes(m.report.Cells, m.marker))
	for i, one := range list {
		list[i].All = len(one.Cells) == len(m.report.Cells) && len(one.Cells) > 3
	}
	return list
}

// told makes links of the cells of which something is said.
func (m *maker) told(said []view.Note) []note {
	var list []note
	for _, t := range said {
		list = append(list, note{Head: t.Text, Cells: m.links(t.Cells)})
	}
	return list
}

func (m *maker) links(ids []string) []link {
	var links []link
	for _, id := range ids {
		links = append(links, link{m.numbers[id], id})
	}
	return links
}
