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

// page collects the lines of a terminal form.
type page struct {
	options Options
	lines   []string
}

// in colours text, if colours are wanted.
func (p *page) in(t view.Tone, text string) string {
	if !p.options.Color || t == view.Plain || text == "" {
		return text
	}
	return "\x1b[" + t.SGR() + "m" + text + "\x1b[0m"
}

// add appends lines. This is where a line that GitHub's runner would take for a
// command is broken, whatever name or message it came from.
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

// gap appends an empty line, unless there is one or nothing before it.
func (p *page) gap() {
	if n := len(p.lines); n > 0 && p.lines[n-1] != "" {
		p.lines = append(p.lines, "")
	}
}

// room is how many columns are left behind an indentation; 0 if any number.
func (p *page) room(indent int) int {
	if p.options.Width <= 0 {
		return 0
	}
	return max(20, p.options.Width-indent)
}

// measure is room for running text: where there is no limit, lines that an eye
// can still follow.
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
