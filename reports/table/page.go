package table

import (
	"io"
	"strings"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/reports/view"
)

const (
	indent = "    "
	gutter = indent + "│ "
)

// page collects lines for a terminal.
type page struct {
	options Options
	lines   []string
}

// in colors text if colors are wanted.
func (p *page) in(tone view.Tone, text string) string {
	if !p.options.Color || tone == view.Plain || text == "" {
		return text
	}
	return "\x1b[" + tone.SGR() + "m" + text + "\x1b[0m"
}

// add appends lines. It breaks every line that GitHub's runner would take for a command,
// whatever name or message it came from.
func (p *page) add(lines ...string) {
	for _, line := range lines {
		p.lines = append(p.lines, clean.Line(strings.TrimRight(line, " ")))
	}
}

// indented appends lines behind a prefix.
func (p *page) indented(prefix string, lines ...string) {
	for _, line := range lines {
		p.add(prefix + line)
	}
}

// paragraph appends wrapped prose whose lines after the first are indented.
func (p *page) paragraph(text string) { p.wrapped("", "  ", text) }

// item appends wrapped prose below the paragraph that it belongs to.
func (p *page) item(text string) { p.wrapped("  ", indent, text) }

// wrapped appends prose, its first line behind one prefix and the rest behind another.
func (p *page) wrapped(first, rest, text string) {
	prefix := first
	for _, line := range view.Wrap(text, p.measure(len(rest))) {
		p.add(prefix + line)
		prefix = rest
	}
}

// gap appends an empty line, unless the page is empty or ends with one.
func (p *page) gap() {
	if n := len(p.lines); n > 0 && p.lines[n-1] != "" {
		p.lines = append(p.lines, "")
	}
}

// room returns how many columns are left after an indentation, 0 for no limit.
func (p *page) room(indent int) int {
	if p.options.Width <= 0 {
		return 0
	}
	return max(20, p.options.Width-indent)
}

// measure returns the room for running text. Without a limit, lines still get no longer than
// an eye can follow.
func (p *page) measure(indent int) int {
	if p.options.Width <= 0 {
		return 100 - indent
	}
	return p.room(indent)
}

func (p *page) writeTo(w io.Writer) error {
	_, err := io.WriteString(w, strings.Join(p.lines, "\n")+"\n")
	return err
}
