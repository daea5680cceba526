package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

// Map returns a new list of what f makes of every element.
func Map[T any](list []T, f func(T) T) []T {
	out := slices.Clone(list)
	for i := range out {
		out[i] = f(out[i])
	}
	return out
}

// FirstLine is the first line of a text.
func FirstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// LastLines returns the last n lines of a text, none if it is empty.
func LastLines(text string, n int) []string {
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	return lines[max(0, len(lines)-n):]
}

// Parenthesized is a text behind another.
func Parenthesized(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// Some names the first n of several cells and says how many more there are.
func Some(cells []string, n int) string {
	if more := len(cells) - n; more > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(cells[:n], ", "), more)
	}
	return And(cells)
}

// Plural is the noun that fits a number.
func Plural(n int, noun string) string {
	_, word, _ := strings.Cut(Count(n, noun), " ")
	return word
}

// Prefix returns text with something before it, or nothing if there is no text.
func Prefix(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

// Width is the number of columns that s takes in a terminal. It does not look
// at the locale, as tablewriter's own default does: the same report has to give
// the same bytes everywhere.
func Width(s string) int {
	return twwidth.WidthWithOptions(s, twwidth.Options{})
}

// Fit shortens s to at most width columns.
func Fit(s string, width int) string {
	if Width(s) <= width {
		return s
	}
	used := 1 // the ellipsis
	for i, r := range s {
		used += Width(string(r))
		if used > width {
			return s[:i] + "…"
		}
	}
	return s
}

// Fill sets words one after the other into lines of at most width columns, each
// word with sep behind it but the last. A word longer than a line has one of
// its own. Width 0 or less means one line.
func Fill(words []string, sep string, width int) []string {
	var lines []string
	line := ""
	for i, word := range words {
		if i < len(words)-1 {
			word += strings.TrimRight(sep, " ")
		}
		switch {
		case i == 0:
			line = word
		case width <= 0 || Width(line)+1+Width(word) <= width:
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

// Wrap breaks a line of prose at blanks.
func Wrap(s string, width int) []string {
	return Fill(strings.Fields(s), "", width)
}

// Fold breaks a line of a log, in which every blank is kept.
func Fold(s string, width int) []string {
	s = ExpandTabs(s)
	if width <= 0 || Width(s) <= width {
		return []string{s}
	}
	var lines []string
	start, used := 0, 0
	for i, r := range s {
		w := Width(string(r))
		if used+w > width && i > start {
			end := breakAt(s[start:i]) + start
			lines = append(lines, s[start:end])
			start, used = end, Width(s[end:i])
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

// ExpandTabs replaces tabs, which behind a prefix would not reach the same column.
func ExpandTabs(s string) string {
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
		column += Width(string(r))
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

// Count writes a number with its noun: 1 cell, 2 cells.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// And joins names as a sentence does.
func And(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// Seconds writes seconds as a person would say them.
func Seconds(seconds float64) string {
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

// Duration is a duration as the table writes it.
func Duration(d time.Duration) string { return Seconds(d.Seconds()) }

// Bytes writes a size, such as 8.1 GB. A report may have negative ones.
func Bytes(n int64) string { return humanize.Bytes(uint64(max(0, n))) }

// BytesDelta is a difference of sizes, with its sign.
func BytesDelta(n int64) string {
	switch {
	case n < 0:
		return "−" + Bytes(-max(n, -1<<62))
	case n > 0:
		return "+" + Bytes(n)
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

// Moment is to the minute, and the same wherever the report is read.
func Moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
