package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
)

// Map returns a new list with f applied to every element.
func Map[T any](list []T, f func(T) T) []T {
	out := slices.Clone(list)
	for i := range out {
		out[i] = f(out[i])
	}
	return out
}

// WithPrefix puts a prefix before a text, unless the text is empty.
func WithPrefix(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// InParentheses puts a text in parentheses, after a space, unless the text is empty.
func InParentheses(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// Count writes a number with its noun, such as "2 cells".
func Count(n int, noun string) string {
	return fmt.Sprintf("%d %s", n, english.PluralWord(n, noun, ""))
}

// JoinAnd joins names as a sentence does, such as "a, b and c".
func JoinAnd(names []string) string { return english.WordSeries(names, "and") }

// JoinFirst joins the first n names and counts the others, such as "a, b and 5 more".
func JoinFirst(names []string, n int) string {
	if more := len(names) - n; more > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:n], ", "), more)
	}
	return JoinAnd(names)
}

// FirstNames returns the first n names for a list, and one more word that counts the others.
func FirstNames(names []string, n int) []string {
	if more := len(names) - n; more > 1 {
		return append(slices.Clone(names[:n]), fmt.Sprintf("%d more", more))
	}
	return slices.Clone(names)
}

// FormatSeconds writes a duration in seconds, such as "2m 14s".
func FormatSeconds(seconds float64) string {
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

// FormatDuration writes a duration as [FormatSeconds] does.
func FormatDuration(d time.Duration) string { return FormatSeconds(d.Seconds()) }

// FormatTime writes a time to the minute, in UTC, so that it is the same wherever the report
// is read.
func FormatTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// FormatBytes writes a size, such as "8.1 GB". A report may hold negative sizes.
func FormatBytes(n int64) string { return humanize.Bytes(uint64(max(0, n))) }

// FormatBytesDelta writes a difference of sizes with its sign.
func FormatBytesDelta(n int64) string {
	switch {
	case n < 0:
		return "−" + FormatBytes(-max(n, -1<<62))
	case n > 0:
		return "+" + FormatBytes(n)
	}
	return "±0"
}
