package reports

import (
	"fmt"
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

// widthOf is the number of columns that s takes in a terminal. It does not look
// at the locale, as tablewriter's own default does: the same report has to give
// the same bytes everywhere.
func widthOf(s string) int {
	return twwidth.WidthWithOptions(s, twwidth.Options{})
}

// fit shortens s to at most width columns.
func fit(s string, width int) string {
	if widthOf(s) <= width {
		return s
	}
	used := 1 // the ellipsis
	for i, r := range s {
		used += widthOf(string(r))
		if used > width {
			return s[:i] + "…"
		}
	}
	return s
}

// fill sets words one after the other into lines of at most width columns, each
// word with sep behind it but the last. A word longer than a line has one of
// its own. Width 0 or less means one line.
func fill(words []string, sep string, width int) []string {
	var lines []string
	line := ""
	for i, word := range words {
		if i < len(words)-1 {
			word += strings.TrimRight(sep, " ")
		}
		switch {
		case i == 0:
			line = word
		case width <= 0 || widthOf(line)+1+widthOf(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	if len(words) > 0 {
		lines = append(lines, line)
	}
	return lines
}

// wrap breaks a line of prose at blanks.
func wrap(s string, width int) []string {
	return fill(strings.Fields(s), "", width)
}

// fold breaks a line of a log, in which every blank is kept.
func fold(s string, width int) []string {
	s = expand(s)
	if width <= 0 || widthOf(s) <= width {
		return []string{s}
	}
	var lines []string
	start, used := 0, 0
	for i, r := range s {
		w := widthOf(string(r))
		if used+w > width && i > start {
			end := breakAt(s[start:i]) + start
			lines = append(lines, s[start:end])
			start, used = end, widthOf(s[end:i])
		}
		used += w
	}
	return append(lines, s[start:])
}

// breakAt returns where a piece that fills a line ends best: behind a blank if
// there is one near its end, else at the end.
func breakAt(piece string) int {
	if i := strings.LastIndexByte(piece, ' ') + 1; i > len(piece)*2/3 {
		return i
	}
	return len(piece)
}

// expand replaces tabs, which behind a prefix would not reach the same column.
func expand(s string) string {
	if !strings.Contains(s, "\t") {
		return s
	}
	var b strings.Builder
	column := 0
	for _, r := range s {
		if r == '\t' {
			gap := 8 - column%8
			b.WriteString(strings.Repeat(" ", gap))
			column += gap
			continue
		}
		b.WriteRune(r)
		column += widthOf(string(r))
	}
	return b.String()
}

// dedent takes from every line the blanks that all of them begin with. Nix
// indents what follows the first line of a message to stand below it.
func dedent(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	least := -1
	for _, line := range lines {
		blanks := len(line) - len(strings.TrimLeft(line, " "))
		if blanks < len(line) && (least < 0 || blanks < least) {
			least = blanks
		}
	}
	for i, line := range lines {
		lines[i] = line[min(max(least, 0), len(line)):]
	}
	return strings.Join(lines, "\n")
}

// count writes a number with its noun: 1 cell, 2 cells.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// and joins names as a sentence does.
func and(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
