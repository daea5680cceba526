// Package clean makes text that others wrote safe to show: names out of a
// flake, evaluation errors, the logs of builds.
//
// A pull request is hostile input. What it prints must not move the cursor of
// a terminal, recolour or hide what stands before it, reverse a line with a
// bidirectional override, or give GitHub's runner a command. So everything
// that is shown goes through one of these functions:
//
//   - [Clean] for what has to be one line, such as a name, a title or a line
//     of a log,
//   - [Text] for several lines,
//   - [XML] for several lines inside an XML document.
//
// All three return valid UTF-8, strip escape sequences and drop control and
// invisible formatting characters. They are idempotent, and linear in the
// length of what they are given.
//
// A line that begins with "::" is a command to GitHub's runner even where
// blanks stand before it. Clean does not change it, since a name may well look
// like that: print such text behind a prefix of your own, or pass the finished
// line through [Line].
package clean

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// dropped is what a rule returns for a character that is left out.
const dropped = -1

// Clean returns s as one line: line breaks and tabs become a blank each.
func Clean(s string) string {
	return defuse(scrub(s, inLine))
}

// Text returns s with its lines and tabs kept. A carriage return takes the line
// back to its beginning, as it does in a terminal and in Nix's own log, so of a
// progress bar just its last state is left.
func Text(s string) string {
	return defuse(scrub(overwrite(s), inText))
}

// XML is [Text] without the two characters that are fine in UTF-8 but that no
// XML document may hold. Markup is not escaped: that is the encoder's work.
func XML(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\uFFFE' || r == '\uFFFF' {
			return dropped
		}
		return r
	}, Text(s))
}

// Line returns a finished line of output such that GitHub's runner does not
// take it for a command. It ignores blanks in front, hence so does Line.
func Line(s string) string {
	text := strings.TrimLeftFunc(s, unicode.IsSpace)
	if !strings.HasPrefix(text, "::") {
		return s
	}
	return s[:len(s)-len(text)] + ": :" + text[2:]
}

// defuse breaks the runner's older form of a command, "##[error]", which it
// obeys wherever in a line it stands.
func defuse(s string) string {
	return strings.ReplaceAll(s, "##[", "## [")
}

// scrub copies s without escape sequences and with each other character
// replaced by what the rule says.
func scrub(s string, rule func(rune) rune) string {
	if isPlain(s) {
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

// isPlain reports whether s is printable ASCII, as most lines are.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// inLine is the rule for one line.
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

// breaksLine reports whether something that shows text may begin a new line at
// r: line feed, vertical tab, form feed, next line, and Unicode's separators.
func breaksLine(r rune) bool {
	return r >= '\n' && r <= '\f' || r == '\u0085' || r == '\u2028' || r == '\u2029'
}

// visible drops what is not to be seen: control characters, the class of
// formatting characters (bidirectional overrides, zero-width blanks, tags that
// hide text), and variation selectors, with which no two terminals agree on the
// width of the character before.
func visible(r rune) rune {
	if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Variation_Selector) {
		return dropped
	}
	return r
}

// overwrite keeps of each line what follows its last carriage return.
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
