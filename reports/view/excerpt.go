package view

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/result"
)

// How much of an excerpt is shown.
const (
	excerptColumns = 100     // of the source, in forms without a limit
	excerptAround  = 1       // lines before and after that of the place
	maxSourceLine  = 4 << 10 // bytes of a line
	maxLineNumber  = 1e9
)

// Excerpt returns the source around the place of a cause as Nix shows it: lines with their
// numbers, and a caret below the column of the place. At is the index of the place's own line.
// The lines are at most width columns wide; longer ones are cut to a window around the caret. A
// width of 0 or less means that the form has no limit. The cause must come from a [Sanitizer].
func Excerpt(c result.Cause, width int) (lines []string, at int) {
	if c.Excerpt == nil || c.Location == nil {
		return nil, 0
	}
	first, source := c.Excerpt.FirstLine, c.Excerpt.Lines
	if at = c.Location.Line - first; at < 0 || at >= len(source) {
		return nil, 0
	}
	digits := len(strconv.Itoa(first + len(source) - 1))
	room := excerptColumns
	if width > 0 {
		room = max(width-digits-len("| "), 10)
	}
	caret := caretColumn(source[at], c.Location.Column)
	from := 0
	if all := max(Width(ExpandTabs(source[at])), caret+1); all > room && caret >= room*2/3 {
		from = min(caret-room/2, all-room)
	}
	add := func(number any, text string) {
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%*v| %s", digits, number, text), " "))
	}
	for i, line := range source {
		add(first+i, window(ExpandTabs(line), from, room))
		if i == at && caret >= 0 {
			add("", strings.Repeat(" ", caret-from)+"^")
		}
	}
	return lines, at
}

// caretColumn returns the column of the screen, counting from 0, at which a column of the source
// is. It is -1 if the line does not reach that far. Nix counts bytes, from 1.
func caretColumn(line string, column int) int {
	at := column - 1
	if at < 0 || at > len(line) {
		return -1
	}
	for at > 0 && at < len(line) && !utf8.RuneStart(line[at]) {
		at--
	}
	return Width(ExpandTabs(line[:at]))
}

// window returns the columns of a line that begin at from, as many as there is room for, and
// marks where it cuts.
func window(line string, from, room int) string {
	low, high := from, from+room
	var b strings.Builder
	if low > 0 {
		mark := " "
		if strings.TrimSpace(line) != "" {
			mark = "…"
		}
		b.WriteString(mark)
		low++
	}
	long := Width(line) > high
	if long {
		high--
	}
	at := 0
	for _, r := range line {
		begin := at
		at += Width(string(r))
		switch {
		case begin >= low && at <= high:
			b.WriteRune(r)
		case at > low && begin < high: // a wide character that is only half inside
			b.WriteString(strings.Repeat(" ", min(at, high)-max(begin, low)))
		}
	}
	if long {
		b.WriteString("…")
	}
	return b.String()
}

// excerpt cleans the source around a place. It returns nil if that does not have the place's
// line, as in a report that flakeci did not write.
func (s Sanitizer) excerpt(e *result.Excerpt, l *result.Location) *result.Excerpt {
	if e == nil || l == nil || l.File == "" || e.FirstLine < 1 || e.FirstLine > maxLineNumber {
		return nil
	}
	at := l.Line - e.FirstLine
	if at < 0 || at >= len(e.Lines) {
		return nil
	}
	begin, end := max(at-excerptAround, 0), min(at+excerptAround+1, len(e.Lines))
	return &result.Excerpt{FirstLine: e.FirstLine + begin, Lines: Map(e.Lines[begin:end], s.source)}
}

// source cleans a line of source. Columns count bytes, so whatever is dropped leaves a blank of as
// many bytes.
func (s Sanitizer) source(line string) string {
	line = line[:min(len(line), maxSourceLine)]
	var b strings.Builder
	for len(line) > 0 {
		_, n := utf8.DecodeRuneInString(line)
		char := line[:n]
		if char != "\t" {
			char = s.Clean(clean.Clean(char))
		}
		if len(char) != n {
			char = blanks[n]
		}
		b.WriteString(char)
		line = line[n:]
	}
	return s.Clean(b.String())
}

// blanks are spaces of one to four bytes.
var blanks = [utf8.UTFMax + 1]string{1: " ", 2: "\u00a0", 3: "\u2007", 4: "\u00a0\u00a0"}
