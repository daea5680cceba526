package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// openLines of a log are so few that they need not be folded.
const openLines = 3

// why appends the causes, and folded those that were there at the base.
func (m *markdown) why() {
	shown := m.causes[:min(len(m.causes), m.most.causes)]
	old := slices.IndexFunc(shown, func(c result.Cause) bool { return m.index.base != nil && m.index.outcome(c) == result.AlreadyBroken })
	if old < 0 {
		old = len(shown)
	}
	for _, c := range shown[:old] {
		m.cause(c)
	}
	if known := shown[old:]; len(known) > 0 {
		m.folded(fmt.Sprintf("❌ %s already broken at %s", count(len(known), "cause"), proseHTML(baseName(m.index.base))), func() {
			for _, c := range known {
				m.cause(c)
			}
		})
	}
	if more := len(m.causes) - len(shown); more > 0 && len(shown) > 0 {
		m.block(fmt.Sprintf("… and %s", count(more, "more cause")))
	} else if more > 0 {
		m.block(count(more, "cause") + ", for which there is no room here")
	}
}

// cause appends one: what happened, which cells it stops, where it is, what to do,
// and what the log says.
func (m *markdown) cause(c result.Cause) {
	sign := signFailed
	if m.index.isMachine(c) {
		sign = signError
	}
	title := Headline(c)
	m.block("#### " + emoji(sign) + " " + prose(fit(title, m.most.title)))
	if facts := m.causeFacts(c, title); len(facts) > 0 {
		m.block(strings.Join(facts, " · "))
	}
	if c.Hint != "" {
		m.block("**hint:** " + prose(fit(c.Hint, m.most.title)))
	}
	if lines := m.message(c); len(lines) > 0 {
		m.block(fenced("text", lines)...)
	}
	m.log(c)
	if len(c.Cells) > inlineCells && m.most.cells > inlineCells {
		m.folded("the "+count(len(c.Cells), "cell")+" that it blocks", func() { m.block(m.names(c.Cells)) })
	}
}

// causeFacts are what stands below a title.
func (m *markdown) causeFacts(c result.Cause, title string) []string {
	var facts []string
	if age := m.index.age(c); age != "" {
		facts = append(facts, "**"+prose(age)+"**")
	}
	if blocks := blocksText(c, title); blocks != "" {
		facts = append(facts, prose(fit(blocks, m.most.title)))
	}
	if c.Location != nil && c.Location.File != "" {
		facts = append(facts, m.place(*c.Location))
	}
	return facts
}

// place names a line of the flake, and leads there if it can be known where it is.
func (m *markdown) place(l result.Location) string {
	text := code(fit(l.String(), m.most.title))
	if address := sourceURL(m.options.SourceURL, l); address != "" && len(address) <= 4*m.most.title {
		return "[" + text + "](" + address + ")"
	}
	return text
}

// warning is one as a sentence.
func (m *markdown) warning(w result.Warning) string {
	text := "warning: " + prose(fit(w.Text, m.most.title))
	if len(w.Cells) > 0 {
		text += ": " + m.names(w.Cells)
	}
	if w.Location != nil && w.Location.File != "" {
		text += " (" + m.place(*w.Location) + ")"
	}
	return text
}

// message is what is known besides the title.
func (m *markdown) message(c result.Cause) []string {
	text := details(c)
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
func (m *markdown) log(c result.Cause) {
	whole := ""
	if c.Log != "" {
		whole = "the whole log: " + c.Log
	}
	lines := lastLines(c.LogTail, m.most.tail)
	show := func() {
		if len(lines) > 0 {
			m.block(fenced("text", lines)...)
		}
		if whole != "" {
			m.block(prose(fit(whole, m.most.title)))
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
