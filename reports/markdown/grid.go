package markdown

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

const (
	smallGrid   = 60 // places that a reader takes in at a glance
	gridColumns = 8  // users beside each other; of more there are several tables
)

// grid appends the sheet. Of a large one, the hosts on which nothing is to be seen
// are folded.
func (m *document) grid() {
	k := view.Labeler{Index: m.index}
	loud, still := m.sheet.Rows, []view.Row(nil)
	if m.isLarge() {
		k.Detail = view.DetailBrief
		loud = slices.DeleteFunc(slices.Clone(m.sheet.Rows), func(w view.Row) bool { return !m.stands(w, k) })
		still = slices.DeleteFunc(slices.Clone(m.sheet.Rows), func(w view.Row) bool { return m.stands(w, k) })
	}
	shown := loud[:min(len(loud), m.most.rows)]
	m.tables(shown, k)
	if more := len(loud) - len(shown); more > 0 {
		m.block("… and " + view.Count(more, "more host"))
	}
	switch text := view.Count(len(still), "host") + " without anything to look at"; {
	case len(still) == 0:
	case m.most.quietRows == 0:
		m.block("… and " + text)
	default:
		m.folded(text, func() { m.tables(still, k) })
	}
	kinds, groups := view.ByKind(m.sheet.Others)
	var lines []string
	for _, kind := range kinds {
		lines = append(lines, prose(view.Fit(view.KindTitle(kind), m.most.title)+": "+view.CountCells(groups[kind]).String()))
	}
	if len(lines) > 0 && m.most.rows > 0 {
		m.block("**other outputs:** " + strings.Join(lines, " · "))
	}
}

// stands reports whether there is anything to be seen in a row.
func (m *document) stands(w view.Row, k view.Labeler) bool {
	return slices.ContainsFunc(m.sheet.Columns(), func(c view.Column) bool {
		return slices.ContainsFunc(c.Cells(w), func(cell result.Cell) bool {
			tone := k.Cell(cell).Tone
			return tone == view.Bad || tone == view.Warn || cell.Status == "" || cell.Outcome() == result.Fixed
		})
	})
}

// tables appends rows, in as many tables as their columns need.
func (m *document) tables(rows []view.Row, k view.Labeler) {
	if len(rows) == 0 {
		return
	}
	for columns := range slices.Chunk(m.sheet.Columns(), gridColumns+2) {
		header, rule := "| host |", "|---|"
		for _, c := range columns {
			header += " " + m.columnTitle(c) + " |"
			rule += "---|"
		}
		lines := []string{header, rule}
		for _, w := range rows {
			var line strings.Builder
			line.WriteString("| " + inCell(m.rowTitle(w)) + " |")
			for _, c := range columns {
				line.WriteString(" " + inCell(m.mark(k.Place(c.Cells(w)))) + " |")
			}
			lines = append(lines, line.String())
		}
		m.block(lines...)
	}
}

// mark writes a mark, short ones such that a narrow screen does not break them. In a
// large grid it says no more than what went wrong.
func (m *document) mark(k view.Label) string {
	text := prose(k.Text)
	if m.isLarge() && k.Tone != view.Bad && k.Tone != view.Warn {
		text = ""
	}
	if len(text) < 16 {
		text = strings.ReplaceAll(text, " ", "\u00a0")
	}
	return strings.TrimSpace(labelEmoji(k) + "\u00a0" + text)
}

func (m *document) isLarge() bool { return len(m.sheet.Rows)*len(m.sheet.Columns()) > smallGrid }

// rowTitle is the title of a row, of which only the name is code.
func (m *document) rowTitle(w view.Row) string {
	if w.Name == "" && w.Note != "" {
		return w.Note
	}
	return code(view.Fit(w.Name, 80)) + view.WithPrefix(" ", w.Note)
}

// columnTitle is a user's name, or a word of ours, which is no code.
func (m *document) columnTitle(c view.Column) string {
	if !c.User {
		return c.Title
	}
	return inCell(code(view.Fit(c.Title, 80)))
}

// others appends what neither the grid nor the causes say.
func (m *document) others() {
	var lines []string
	for _, t := range m.remarks {
		sign, rest, found := strings.Cut(t.Text, " ")
		if found && (sign == view.SignFailed || sign == view.SignError) {
			continue // the causes say so
		}
		words := prose(view.Fit(t.Text, m.most.title))
		if found && emoji(sign) != sign {
			words = emoji(sign) + " " + prose(view.Fit(rest, m.most.title))
		}
		cells := m.names(t.Cells)
		if n := len(t.Cells); n == len(m.Cells) && n > 3 {
			cells = fmt.Sprintf("all %d cells", n)
		}
		lines = append(lines, "- "+words+": "+cells)
	}
	for _, note := range m.Notes {
		lines = append(lines, "- note: "+prose(view.Fit(note, m.most.title)))
	}
	for _, w := range m.Warnings {
		lines = append(lines, "- "+m.warning(w))
	}
	if more := len(lines) - m.most.remarks; more > 0 {
		lines = append(lines[:m.most.remarks:m.most.remarks], "- … and "+view.Count(more, "more remark"))
	}
	if len(lines) > 0 {
		m.block(lines...)
	}
}
