package table

import (
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// causes appends the causes.
func (p *page) causes(r result.Report, index view.CauseIndex) {
	for _, c := range index.Ordered(r) {
		p.cause(c, index)
	}
}

// cause appends a cause: what happened, where, what Nix adds to that, what to do, the cells that
// it blocks if they are many, and last what the log says.
func (p *page) cause(c result.Cause, index view.CauseIndex) {
	p.gap()
	p.causeTitle(c, index)
	if c.Location != nil && c.Location.File != "" {
		p.add(indent + "at " + p.in(view.Strong, c.Location.String()))
	}
	source, _ := view.Excerpt(c, p.measure(len(indent)))
	p.indented(indent, source...)
	p.indented(indent, p.prose(view.Details(c))...)
	if c.Hint != "" {
		p.indented(indent, view.Wrap("hint: "+c.Hint, p.measure(len(indent)))...)
	}
	if len(c.Cells) > view.InlineCells {
		named := view.FirstNames(c.Cells, view.ListedCells)
		named[0] = "blocks: " + named[0]
		lines := view.Fill(named, ",", p.measure(len(indent)+2))
		p.add(indent + lines[0])
		p.indented(indent+"  ", lines[1:]...)
	}
	if c.Log != "" {
		p.add(indent + "full log: " + c.Log)
	}
	for _, line := range view.LastLines(c.LogTail, view.TailLines) {
		p.indented(gutter, logLine(c, line, p.room(view.Width(gutter)))...)
	}
}

// logLine breaks a line of a log. A trace is prose with names that should stay whole.
func logLine(c result.Cause, line string, width int) []string {
	pieces := []string{line}
	if view.Traced(c) && line == strings.TrimLeft(line, " \t") {
		pieces = view.Wrap(line, width)
	}
	var lines []string
	for _, piece := range pieces {
		lines = append(lines, view.Fold(piece, width)...)
	}
	return lines
}

// causeTitle appends what happened, and which cells it blocks or how many.
func (p *page) causeTitle(c result.Cause, index view.CauseIndex) {
	sign, tone := view.SignFailed, view.Bad
	if index.BlamesMachine(c) {
		sign, tone = view.SignError, view.Warn
	}
	title := view.Headline(c)
	title += view.WithPrefix(", ", view.BlocksText(c, title))
	title += view.InParentheses(index.Age(c))
	for i, line := range view.Wrap(title, p.room(2)) {
		if i == 0 {
			p.add(p.in(tone, sign) + " " + p.in(view.Strong, line))
			continue
		}
		p.add("  " + p.in(view.Strong, line))
	}
}

// prose wraps each line of a message and keeps its indentation.
func (p *page) prose(message string) []string {
	if message == "" {
		return nil
	}
	var lines []string
	for line := range strings.SplitSeq(message, "\n") {
		line = view.ExpandTabs(line)
		spaces := line[:len(line)-len(strings.TrimLeft(line, " "))]
		for _, piece := range view.Wrap(line, p.room(len(indent)+len(spaces))) {
			lines = append(lines, spaces+piece)
		}
	}
	return lines
}
