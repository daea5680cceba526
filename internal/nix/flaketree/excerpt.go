package flaketree

import (
	"strings"
	"unicode/utf8"

	"github.com/flakeci/flakeci/result"
)

// How much of the source an excerpt has: lines before and after the place, as Nix shows them,
// and bytes of a line. Generated files may have lines of any length.
const (
	excerptLines = 1
	excerptWidth = 4 << 10
)

// Excerpt returns the source around a place, or nil if that has no line or cannot be shown as
// text.
func (t Tree) Excerpt(p result.Location) *result.Excerpt {
	if p.Line <= 0 {
		return nil
	}
	lines := strings.Split(t.Text(p.File), "\n")
	first, last := max(p.Line-excerptLines, 1), min(p.Line+excerptLines, len(lines))
	if p.Line > last {
		return nil
	}
	e := &result.Excerpt{FirstLine: first}
	for _, line := range lines[first-1 : last] {
		line = strings.TrimSuffix(line, "\r")
		if !utf8.ValidString(line) || strings.ContainsRune(line, 0) {
			return nil
		}
		if t.Redact != nil {
			line = string(t.Redact([]byte(line)))
		}
		e.Lines = append(e.Lines, strings.ToValidUTF8(line[:min(len(line), excerptWidth)], ""))
	}
	if n := len(e.Lines); n > 1 && strings.TrimSpace(e.Lines[n-1]) == "" && last == len(lines) {
		e.Lines = e.Lines[:n-1] // what follows the last newline
	}
	return e
}
