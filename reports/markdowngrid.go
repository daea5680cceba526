package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

const (
	smallGrid   = 60 // places that a reader takes in at a glance
	gridColumns = 8  // users beside each other; of more there are several tables
)

// grid appends the sheet. Of a large one, the hosts on which nothing is to be seen
// are folded.
func (m *markdown) grid() {
	k := marker{index: m.index}
	loud, still := m.sheet.rows, []row(nil)
	if m.isLarge() {
		k.detail = inBrief
		loud = slices.DeleteFunc(slices.Clone(m.sheet.rows), func(w row) bool { return !m.stands(w, k) })
		still = slices.DeleteFunc(slices.Clone(m.sheet.rows), func(w row) bool { return m.stands(w, k) })
	}
	shown := loud[:min(len(loud), m.most.rows)]
	m.tables(shown, k)
	if more := len(loud) - len(shown); more > 0 {
		m.block("… and " + count(more, "more host"))
	}
	switch text := count(len(still), "host") + " without anything to look at"; {
	case len(still) == 0:
	case m.most.quietRows == 0:
		m.block("… and " + text)
	default:
		m.folded(text, func() { m.tables(still, k) })
	}
	kinds, groups := byKind(m.sheet.others)
	var lines []string
	for _, kind := range kinds {
		lines = append(lines, prose(fit(kindTitle(kind), m.most.title)+": "+tally(groups[kind]).words()))
	}
	if len(lines) > 0 && m.most.rows > 0 {
		m.block("**other outputs:** " + strings.Join(lines, " · "))
	}
}

// stands reports whether there is anything to be seen in a row.
func (m *markdown) stands(w row, k marker) bool {
	return slices.ContainsFunc(m.sheet.columns(), func(c column) bool {
		return slices.ContainsFunc(c.cells(w), func(cell result.Cell) bool {
			tone := k.cell(cell).tone
			return tone == bad || tone == warn || cell.Status == "" || cell.Outcome() == result.Fixed
		})
	})
}

// tables appends rows, in as many tables as their columns need.
func (m *markdown) tables(rows []row, k marker) {
	if len(rows) == 0 {
		return
	}
	for columns := range slices.Chunk(m.sheet.columns(), gridColumns+2) {
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
				line.WriteString(" " + inCell(m.mark(k.place(c.cells(w)))) + " |")
			}
			lines = append(lines, line.String())
		}
		m.block(lines...)
	}
}

// mark writes a mark, short ones such that a narrow screen does not break them. In a
// large grid it says no more than what went wrong.
func (m *markdown) mark(k mark) string {
	text := prose(k.text)
	if m.isLarge() && k.tone != bad && k.tone != warn {
		text = ""
	}
	if len(text) < 16 {
		text = strings.ReplaceAll(text, " ", "\u00a0")
	}
	return strings.TrimSpace(labelEmoji(k) + "\u00a0" + text)
}

func (m *markdown) isLarge() bool { return len(m.sheet.rows)*len(m.sheet.columns()) > smallGrid }

// rowTitle is the title of a row, of which only the name is code.
func (m *markdown) rowTitle(w row) string {
	if w.name == "" && w.note != "" {
		return w.note
	}
	return code(fit(w.name, 80)) + after(" ", w.note)
}

// columnTitle is a user's name, or a word of ours, which is no code.
func (m *markdown) columnTitle(c column) string {
	if !c.user {
		return c.title
	}
	return inCell(code(fit(c.title, 80)))
}

// others appends what neither the grid nor the causes say.
func (m *markdown) others() {
	var lines []string
	for _, t := range m.remarks {
		sign, rest, found := strings.Cut(t.words, " ")
		if found && (sign == signFailed || sign == signError) {
			continue // the causes say so
		}
		words := prose(fit(t.words, m.most.title))
		if found && emoji(sign) != sign {
			words = emoji(sign) + " " + prose(fit(rest, m.most.title))
		}
		cells := m.names(t.cells)
		if n := len(t.cells); n == len(m.Cells) && n > 3 {
			cells = fmt.Sprintf("all %d cells", n)
		}
		lines = append(lines, "- "+words+": "+cells)
	}
	for _, note := range m.Notes {
		lines = append(lines, "- note: "+prose(fit(note, m.most.title)))
	}
	for _, w := range m.Warnings {
		lines = append(lines, "- "+m.warning(w))
	}
	if more := len(lines) - m.most.remarks; more > 0 {
		lines = append(lines[:m.most.remarks:m.most.remarks], "- … and "+count(more, "more remark"))
	}
	if len(lines) > 0 {
		m.block(lines...)
	}
}
