package reports

import (
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// causes appends why cells did not pass.
func (p *page) causes(r result.Report, x index) {
	for _, c := range x.ordered(r) {
		p.cause(c, x)
	}
}

// cause appends one cause: what happened, what the log says, where, what to do,
// and last, if they are many, the cells it stops.
func (p *page) cause(c result.Cause, x index) {
	p.gap()
	p.causeTitle(c, x)
	p.indented(indent, p.prose(details(c))...)
	for _, line := range lastLines(c.LogTail, tailLines) {
		p.indented(gutter, fold(line, p.room(widthOf(gutter)))...)
	}
	if c.Location != nil && c.Location.File != "" {
		p.add(indent + "at " + p.in(strong, c.Location.String()))
	}
	if c.Hint != "" {
		p.indented(indent, wrap("hint: "+c.Hint, p.measure(len(indent)))...)
	}
	if c.Log != "" {
		p.add(indent + "full log: " + c.Log)
	}
	if len(c.Cells) > inlineCells {
		lines := fill(slices.Concat([]string{"blocks: " + c.Cells[0]}, c.Cells[1:]), ",", p.measure(len(indent)+2))
		p.add(indent + lines[0])
		p.indented(indent+"  ", lines[1:]...)
	}
}

// causeTitle appends what happened and which cells it stops, or how many.
func (p *page) causeTitle(c result.Cause, x index) {
	sign, t := signFailed, bad
	if x.isMachine(c) {
		sign, t = signError, warn
	}
	title := Headline(c)
	title += after(", ", blocksText(c, title))
	title += bracketed(x.age(c))
	for i, line := range wrap(title, p.room(2)) {
		if i == 0 {
			p.add(p.in(t, sign) + " " + p.in(strong, line))
			continue
		}
		p.add("  " + p.in(strong, line))
	}
}

// prose wraps a message of several lines, of which each keeps its indentation.
func (p *page) prose(message string) []string {
	var lines []string
	if message == "" {
		return nil
	}
	for line := range strings.SplitSeq(message, "\n") {
		line = expand(line)
		blank := line[:len(line)-len(strings.TrimLeft(line, " "))]
		for _, piece := range wrap(line, p.room(len(indent)+len(blank))) {
			lines = append(lines, blank+piece)
		}
	}
	return lines
}
