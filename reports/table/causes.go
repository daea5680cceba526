package table

import (
	"slices"
	"strings"

	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// causes appends why cells did not pass.
func (p *page) causes(r result.Report, x view.CauseIndex) {
	for _, c := range x.Ordered(r) {
		p.cause(c, x)
	}
}

// cause appends one cause: what happened, what the log says, where, what to do,
// and last, if they are many, the cells it stops.
func (p *page) cause(c result.Cause, x view.CauseIndex) {
	p.gap()
	p.causeTitle(c, x)
	p.indented(indent, p.prose(view.Details(c))...)
	for _, line := range view.LastLines(c.LogTail, view.TailLines) {
		p.indented(gutter, view.Fold(line, p.room(view.Width(gutter)))...)
	}
	if c.Location != nil && c.Location.File != "" {
		p.add(indent + "at " + p.in(view.Strong, c.Location.String()))
	}
	if c.Hint != "" {
		p.indented(indent, view.Wrap("hint: "+c.Hint, p.measure(len(indent)))...)
	}
	if c.Log != "" {
		p.add(indent + "full log: " + c.Log)
	}
	if len(c.Cells) > view.InlineCells {
		lines := view.Fill(slices.Concat([]string{"blocks: " + c.Cells[0]}, c.Cells[1:]), ",", p.measure(len(indent)+2))
		p.add(indent + lines[0])
		p.indented(indent+"  ", lines[1:]...)
	}
}

// causeTitle appends what happened and which cells it stops, or how many.
func (p *page) causeTitle(c result.Cause, x view.CauseIndex) {
	sign, t := view.SignFailed, view.Bad
	if x.BlamesMachine(c) {
		sign, t = view.SignError, view.Warn
	}
	title := view.Headline(c)
	title += view.WithPrefix(", ", view.BlocksText(c, title))
	title += view.InParentheses(x.Age(c))
	for i, line := range view.Wrap(title, p.room(2)) {
		if i == 0 {
			p.add(p.in(t, sign) + " " + p.in(view.Strong, line))
			continue
		}
		p.add("  " + p.in(view.Strong, line))
	}
}

// prose wraps a message of several lines, of which each keeps its indentation.
func (p *page) prose(message string) []string {
	var lines []string
	if message == "" {
		return nil
	}
	for line := range strings.SplitSeq(message, "\n") {
		line = view.ExpandTabs(line)
		blank := line[:len(line)-len(strings.TrimLeft(line, " "))]
		for _, piece := range view.Wrap(line, p.room(len(indent)+len(blank))) {
			lines = append(lines, blank+piece)
		}
	}
	return lines
}
