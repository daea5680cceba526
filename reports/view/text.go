package view

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// LastLines returns the last n lines of a text, or nil if it is empty.
func LastLines(text string, n int) []string {
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	return lines[max(0, len(lines)-n):]
}

// Width returns the number of columns that s takes in a terminal. It counts every character
// by itself, as most terminals, the live view and tablewriter do, and ignores the locale: the
// same report must give the same bytes everywhere.
func Width(s string) int { return ansi.StringWidthWc(s) }

// Fit shortens s to at most width columns.
func Fit(s string, width int) string { return ansi.TruncateWc(s, width, "…") }

// Fill joins words into lines of at most width columns, with sep after each word but the
// last. A word longer than a line gets a line of its own. A width of 0 or less means one
// line.
func Fill(words []string, sep string, width int) []string {
	var lines []string
	line := ""
	for i, word := range words {
		if i < len(words)-1 {
			word += sep
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

// Wrap breaks a line of prose at spaces. ansi.WordwrapWc would also break at hyphens, and
// names such as libfrob-1.2 must stay whole to be copied.
func Wrap(s string, width int) []string { return Fill(strings.Fields(s), "", width) }

// Fold breaks a line of a log and keeps every space. ansi.WrapWc drops those at a break.
func Fold(s string, width int) []string {
	s = ExpandTabs(s)
	var lines []string
	for width > 0 && Width(s) > width {
		full, _, _ := strings.Cut(ansi.HardwrapWc(s, width, true), "\n")
		if full == "" {
			break // not even one character fits
		}
		end := breakAt(full)
		lines, s = append(lines, s[:end]), s[end:]
	}
	return append(lines, s)
}

// breakAt returns where to break a full line: after a space near its end, else at its end.
func breakAt(line string) int {
	if i := strings.LastIndexByte(line, ' ') + 1; i > len(line)*2/3 {
		return i
	}
	return len(line)
}

// ExpandTabs replaces tabs by spaces. Behind a prefix, a tab would not reach the column that
// it reaches at the beginning of a line.
func ExpandTabs(s string) string {
	pieces := strings.Split(s, "\t")
	for i, piece := range pieces[:len(pieces)-1] {
		pieces[i] += strings.Repeat(" ", 8-Width(piece)%8) // each begins at a multiple of 8
	}
	return strings.Join(pieces, "")
}

// dedent removes the spaces that all lines begin with. Nix indents what follows the first
// line of a message.
func dedent(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	indent := -1
	for _, line := range lines {
		spaces := len(line) - len(strings.TrimLeft(line, " "))
		if spaces < len(line) && (indent < 0 || spaces < indent) {
			indent = spaces
		}
	}
	for i, line := range lines {
		lines[i] = line[min(max(indent, 0), len(line)):]
	}
	return strings.Join(lines, "\n")
}
