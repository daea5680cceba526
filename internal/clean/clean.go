// Package clean makes untrusted text safe to show: names from a flake, evaluation errors, build
// logs.
//
// A pull request is hostile input. Its output must not move a terminal's cursor, change the color
// of earlier text or hide it, reverse a line with a bidirectional override, or give GitHub's
// runner a command. So every text goes through one of these functions before it is shown:
//
//   - [Clean] for a single line, such as a name, a title or a line of a log,
//   - [Text] for several lines,
//   - [XML] for several lines inside an XML document.
//
// All three return valid UTF-8, strip escape sequences and drop control and invisible formatting
// characters. They are idempotent, and take time linear in the length of the text.
//
// A line that begins with "::" is a command to GitHub's runner, even after leading spaces. Clean
// does not change it, since a name may look like that: print such text after a prefix, or pass
// the complete line through [Line].
package clean

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// dropped is a rule's result for a character to leave out.
const dropped = -1

// Clean returns s as one line: each line break or tab becomes a space.
func Clean(s string) string {
	return defuse(scrub(s, inLine))
}

// Text returns s with its lines and tabs. A carriage return discards the line before it, as in a
// terminal and in Nix's own log, so only the last state of a progress bar remains.
func Text(s string) string {
	return defuse(scrub(overwrite(s), inText))
}

// XML is [Text] without the two characters that are valid UTF-8 but not allowed in XML. It does
// not escape markup; the encoder does.
func XML(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\uFFFE' || r == '\uFFFF' {
			return dropped
		}
		return r
	}, Text(s))
}

// Line changes a complete line of output that GitHub's runner would take for a command. The
// runner ignores leading spaces, and so does Line.
func Line(s string) string {
	text := strings.TrimLeftFunc(s, unicode.IsSpace)
	if !strings.HasPrefix(text, "::") {
		return s
	}
	return s[:len(s)-len(text)] + ": :" + text[2:]
}

// Shorten cuts a text of more than so many bytes between two characters, and marks the cut.
func Shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

// defuse breaks the runner's older form of a command, "##[error]", which works anywhere in a line,
// and that of Azure Pipelines, "##vso[task.complete]".
func defuse(s string) string {
	if !strings.Contains(s, "##") {
		return s
	}
	return commands.Replace(s)
}

var commands = strings.NewReplacer("##[", "## [", "##vso[", "##vso [")

// scrub removes escape sequences and applies a rule to every other character.
func scrub(s string, rule func(rune) rune) string {
	if Plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		if n := sequence(s[i:]); n > 0 {
			i += n
			continue
		}
		r, width := utf8.DecodeRuneInString(s[i:])
		if r = rule(r); r != dropped {
			b.WriteRune(r)
		}
		i += width
	}
	return b.String()
}

// Plain reports whether s is printable ASCII, which hides nothing. Most lines are.
func Plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// inLine is the rule for a single line.
func inLine(r rune) rune {
	if r == '\t' || r == '\r' || breaksLine(r) {
		return ' '
	}
	return visible(r)
}

// inText is the rule for several lines.
func inText(r rune) rune {
	switch {
	case r == '\t':
		return r
	case breaksLine(r):
		return '\n'
	}
	return visible(r)
}

// breaksLine reports whether a program may show a new line at r: line feed, vertical tab, form
// feed, next line, and Unicode's separators.
func breaksLine(r rune) bool {
	return r >= '\n' && r <= '\f' || r == '\u0085' || r == '\u2028' || r == '\u2029'
}

// visible drops invisible characters: control characters, formatting characters (bidirectional
// overrides, zero-width spaces, tags that hide text), and variation selectors, as terminals
// disagree on the width of the character before them.
func visible(r rune) rune {
	if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Variation_Selector) {
		return dropped
	}
	return r
}

// overwrite keeps the part of each line after its last carriage return.
func overwrite(s string) string {
	if !strings.Contains(s, "\r") {
		return s
	}
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		line = strings.TrimRight(line, "\r")
		lines[i] = line[strings.LastIndexByte(line, '\r')+1:]
	}
	return strings.Join(lines, "\n")
}
