package reports

import (
	"cmp"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// htmlGrid is the sheet, with a link for every cell.
type htmlGrid struct {
	Columns []string
	Rows    []htmlRow
}

// htmlRow is a host; in a place of it any number of cells may stand.
type htmlRow struct {
	Name   string
	Places [][]htmlMark
}

// htmlGroup is all cells of a kind that has no place in the grid.
type htmlGroup struct {
	Title, Words string
	Marks        []htmlMark
}

// htmlMark stands for a cell and leads to it.
type htmlMark struct {
	Cell              int // its number
	Name              string
	Sign, Means, Text string
	Tone              string
	Tags              []htmlTag
	Title             string // all of it in words
	Is, Find          string // what filters look at: words, and any text
}

// htmlRemark is what is to be said of several cells.
type htmlRemark struct {
	Head  string
	All   bool // of every cell there is
	Cells []htmlLink
}

// htmlLink leads to a cell or a cause.
type htmlLink struct {
	Number int
	Text   string
}

func (m *htmlMaker) grid(s *sheet) htmlGrid {
	var g htmlGrid
	columns := s.columns()
	for _, c := range columns {
		g.Columns = append(g.Columns, cmp.Or(c.title, "(no name)"))
	}
	for _, w := range s.rows {
		line := htmlRow{Name: w.title()}
		for _, c := range columns {
			line.Places = append(line.Places, m.marks(c.cells(w)))
		}
		g.Rows = append(g.Rows, line)
	}
	return g
}

func (m *htmlMaker) groups(others []result.Cell) []htmlGroup {
	kinds, cells := byKind(others)
	var groups []htmlGroup
	for _, kind := range kinds {
		groups = append(groups, htmlGroup{
			Title: cmp.Or(kindTitle(kind), "others"), Words: tally(cells[kind]).words(), Marks: m.marks(cells[kind]),
		})
	}
	return groups
}

func (m *htmlMaker) marks(cells []result.Cell) []htmlMark {
	var marks []htmlMark
	for _, c := range cells {
		marks = append(marks, m.mark(c))
	}
	return marks
}

func (m *htmlMaker) mark(c result.Cell) htmlMark {
	k := m.marker.full(c)
	mark := htmlMark{
		Cell: m.numbers[c.ID], Name: cmp.Or(strings.TrimPrefix(c.ID, c.Kind+"/"), c.ID), Sign: k.sign, Text: k.text,
		Means: means(c), Tone: toneClass(k.tone), Tags: m.tags(c), Is: strings.Join(filterWords(c), " "),
	}
	mark.Title = c.ID + ": " + mark.Means + after(" (", noteText(c))
	if noteText(c) != "" {
		mark.Title += ")"
	}
	find := []string{c.ID, c.System, string(c.Status), k.text}
	for _, i := range m.stopping[c.ID] {
		find = append(find, fit(m.why[i].Title, 120))
	}
	mark.Find = strings.ToLower(strings.Join(find, " "))
	return mark
}

// toneClass is the name of a tone in the page's style.
func toneClass(t tone) string {
	return map[tone]string{good: "good", warn: "warn", bad: "bad", quiet: "quiet"}[t]
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
func (m *htmlMaker) remarks() []htmlRemark {
	list := m.told(remarks(m.report.Cells, m.marker))
	for i, one := range list {
		list[i].All = len(one.Cells) == len(m.report.Cells) && len(one.Cells) > 3
	}
	return list
}

// told makes links of the cells of which something is said.
func (m *htmlMaker) told(said []told) []htmlRemark {
	var list []htmlRemark
	for _, t := range said {
		list = append(list, htmlRemark{Head: t.words, Cells: m.links(t.cells)})
	}
	return list
}

func (m *htmlMaker) links(ids []string) []htmlLink {
	var links []htmlLink
	for _, id := range ids {
		links = append(links, htmlLink{m.numbers[id], id})
	}
	return links
}
