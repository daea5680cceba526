package reports

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

// each returns a new list of what f makes of every element.
func each[T any](list []T, f func(T) T) []T {
	out := slices.Clone(list)
	for i := range out {
		out[i] = f(out[i])
	}
	return out
}

// firstLine is the first line of a text.
func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// lastLines returns the last n lines of a text, none if it is empty.
func lastLines(text string, n int) []string {
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	return lines[max(0, len(lines)-n):]
}

// bracketed is a text behind another.
func bracketed(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// some names the first n of several cells and says how many more there are.
func some(cells []string, n int) string {
	if more := len(cells) - n; more > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(cells[:n], ", "), more)
	}
	return and(cells)
}

// plural is the noun that fits a number.
func plural(n int, noun string) string {
	_, word, _ := strings.Cut(count(n, noun), " ")
	return word
}

// after returns text with something before it, or nothing if there is no text.
func after(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

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

// HumanSeconds writes seconds as a person would say them.
func HumanSeconds(seconds float64) string {
	s := int64(min(seconds, 1e9) + 0.5)
	switch {
	case seconds < 9.95:
		return fmt.Sprintf("%.1fs", seconds)
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm %02ds", s/60, s%60)
	}
	return fmt.Sprintf("%dh %02dm", s/3600, s%3600/60)
}

// Human is a duration as the table writes it.
func Human(d time.Duration) string { return HumanSeconds(d.Seconds()) }

// humanBytes writes a size, such as 8.1 GB. A report may have negative ones.
func humanBytes(n int64) string { return humanize.Bytes(uint64(max(0, n))) }

// humanDelta is a difference of sizes, with its sign.
func humanDelta(n int64) string {
	switch {
	case n < 0:
		return "−" + humanBytes(-max(n, -1<<62))
	case n > 0:
		return "+" + humanBytes(n)
	}
	return "±0"
}

// derivationName is the name in a store path such as
// /nix/store/HASH-libfrob-1.2.drv.
func derivationName(path string) string {
	base := path[strings.LastIndexByte(path, '/')+1:]
	_, name, _ := strings.Cut(base, "-")
	return strings.TrimSuffix(name, ".drv")
}

// moment is to the minute, and the same wherever the report is read.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
