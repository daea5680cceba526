package markdown

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// openLines of a log are so few that they need not be folded.
const openLines = 3

// why appends the causes, and folded those that were there at the base.
func (m *document) why() {
	shown := m.causes[:min(len(m.causes), m.most.causes)]
	old := slices.IndexFunc(shown, func(c result.Cause) bool { return m.index.Base != nil && m.index.Outcome(c) == result.AlreadyBroken })
	if old < 0 {
		old = len(shown)
	}
	for _, c := range shown[:old] {
		m.cause(c)
	}
	if known := shown[old:]; len(known) > 0 {
		m.folded(fmt.Sprintf("❌ %s already broken at %s", view.Count(len(known), "cause"), proseHTML(view.BaseName(m.index.Base))), func() {
			for _, c := range known {
				m.cause(c)
			}
		})
	}
	if more := len(m.causes) - len(shown); more > 0 && len(shown) > 0 {
		m.block(fmt.Sprintf("… and %s", view.Count(more, "more cause")))
	} else if more > 0 {
		m.block(view.Count(more, "cause") + ", for which there is no room here")
	}
}

// cause appends one: what happened, which cells it stops, where it is, what to do,
// and what the log says.
func (m *document) cause(c result.Cause) {
	sign := view.SignFailed
	if m.index.BlamesMachine(c) {
		sign = view.SignError
	}
	title := view.Headline(c)
	m.block("#### " + emoji(sign) + " " + prose(view.Fit(title, m.most.title)))
	if facts := m.causeFacts(c, title); len(facts) > 0 {
		m.block(strings.Join(facts, " · "))
	}
	if c.Hint != "" {
		m.block("**hint:** " + prose(view.Fit(c.Hint, m.most.title)))
	}
	if lines := m.message(c); len(lines) > 0 {
		m.block(fenced("text", lines)...)
	}
	m.log(c)
	if len(c.Cells) > view.InlineCells && m.most.cells > view.InlineCells {
		m.folded("the "+view.Count(len(c.Cells), "cell")+" that it blocks", func() { m.block(m.names(c.Cells)) })
	}
}

// causeFacts are what stands below a title.
func (m *document) causeFacts(c result.Cause, title string) []string {
	var facts []string
	if age := m.index.Age(c); age != "" {
		facts = append(facts, "**"+prose(age)+"**")
	}
	if blocks := view.BlocksText(c, title); blocks != "" {
		facts = append(facts, prose(view.Fit(blocks, m.most.title)))
	}
	if c.Location != nil && c.Location.File != "" {
		facts = append(facts, m.place(*c.Location))
	}
	return facts
}

// place names a line of the flake, and leads there if it can be known where it is.
func (m *document) place(l result.Location) string {
	text := code(view.Fit(l.String(), m.most.title))
	if address := view.SourceURL(m.options.SourceURL, l); address != "" && len(address) <= 4*m.most.title {
		return "[" + text + "](" + address + ")"
	}
	return text
}

// warning is one as a sentence.
func (m *document) warning(w result.Warning) string {
	text := "warning: " + prose(view.Fit(w.Text, m.most.title))
	if len(w.Cells) > 0 {
		text += ": " + m.names(w.Cells)
	}
	if w.Location != nil && w.Location.File != "" {
		text += " (" + m.place(*w.Location) + ")"
	}
	return text
}

// message is what is known besides the title.
func (m *document) message(c result.Cause) []string {
	text := view.Details(c)
	if text == "" || m.most.message == 0 {
		return nil
	}
	lines := strings.Split(text, "\n")
	if more := len(lines) - m.most.message; more > 1 {
		lines = append(lines[:m.most.message:m.most.message], fmt.Sprintf("… (%d more lines)", more))
	}
	return lines
}

// log appends the end of a log, folded unless it is short, and where all of it is.
func (m *document) log(c result.Cause) {
	whole := ""
	if c.Log != "" {
		whole = "the whole log: " + c.Log
	}
	lines := view.LastLines(c.LogTail, m.most.tail)
	show := func() {
		if len(lines) > 0 {
			m.block(fenced("text", lines)...)
		}
		if whole != "" {
			m.block(prose(view.Fit(whole, m.most.title)))
		}
	}
	if len(lines) <= openLines {
		show()
		return
	}
	what := "the log's last"
	if c.Kind == result.CauseEval {
		what = "the trace,"
	}
	m.folded(fmt.Sprintf("%s %d lines", what, len(lines)), show)
}
