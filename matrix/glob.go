package matrix

import (
	"fmt"
	"regexp"
	"strings"
)

// Glob is a pattern for cell ids. The zero value matches the empty id only.
//
// A star stands for any number of characters, a question mark for one, and
// [a-z] or [!a-z] for one out of, or not out of, a set; a backslash takes the
// special meaning from what follows it. Unlike in file names a star matches
// slashes too, so that home/* and *reason* mean what they look like. An id also
// matches itself, whatever signs are in it.
type Glob struct {
	pattern string
	match   *regexp.Regexp
}

// GlobError says why a pattern cannot be read.
type GlobError struct {
	Pattern string
	Offset  int    // in bytes, where the faulty part begins
	Reason  string // what is wrong there
}

// Error shows the pattern and what is wrong with it.
func (e *GlobError) Error() string {
	return fmt.Sprintf("pattern %q: %s at character %d", e.Pattern, e.Reason, e.Offset+1)
}

// ParseGlob reads a pattern. The error is a [*GlobError]; the pattern that comes
// with it matches only the id it looks like.
func ParseGlob(pattern string) (Glob, error) {
	var expr strings.Builder
	expr.WriteString(`(?s)\A`)
	for i := 0; i < len(pattern); {
		piece, width, fault := globPiece(pattern[i:])
		if fault != "" {
			return Glob{pattern: pattern}, &GlobError{Pattern: pattern, Offset: i, Reason: fault}
		}
		expr.WriteString(piece)
		i += width
	}
	expr.WriteString(`\z`)
	match, err := regexp.Compile(expr.String())
	if err != nil { // bytes that are no UTF-8, or a set whose range runs backwards
		return Glob{pattern: pattern}, &GlobError{Pattern: pattern, Reason: globFault(err)}
	}
	return Glob{pattern: pattern, match: match}, nil
}

// Match reports whether the pattern fits the whole id.
func (g Glob) Match(id string) bool {
	return id == g.pattern || g.match != nil && g.match.MatchString(id)
}

// String returns the pattern as it was given.
func (g Glob) String() string { return g.pattern }

// globPiece translates what a non-empty rest of a pattern begins with to a
// regular expression, and returns how many bytes that was or what is wrong.
func globPiece(rest string) (piece string, width int, fault string) {
	switch rest[0] {
	case '*':
		return `.*`, 1, ""
	case '?':
		return `.`, 1, ""
	case '[':
		return globSet(rest)
	case '\\':
		if len(rest) == 1 {
			return "", 0, "nothing after the backslash"
		}
		piece, width := literal(rest[1:])
		return piece, width + 1, ""
	}
	piece, width = literal(rest)
	return piece, width, ""
}

// literal takes one character, or one byte where there is none.
func literal(rest string) (piece string, width int) {
	for i := range rest {
		if i > 0 {
			rest = rest[:i]
			break
		}
	}
	return regexp.QuoteMeta(rest), len(rest)
}

// globSet translates a set in brackets.
func globSet(rest string) (piece string, width int, fault string) {
	set, i := "[", 1
	if i < len(rest) && (rest[i] == '!' || rest[i] == '^') {
		set, i = "[^", i+1
	}
	for first := i; i < len(rest); {
		switch c := rest[i]; {
		case c == ']' && i > first:
			return set + "]", i + 1, ""
		case c == '-' && i > first && i+1 < len(rest) && rest[i+1] != ']':
			set, i = set+"-", i+1
			continue
		case c == '\\' && i+1 < len(rest):
			i++
		}
		_, w := literal(rest[i:])
		set += setMember(rest[i : i+w])
		i += w
	}
	return "", 0, "no closing bracket"
}

// setMember escapes a character for a set of a regular expression, where other
// signs are special than outside of one.
func setMember(char string) string {
	if strings.ContainsAny(char, `\]^-[`) {
		return `\` + char
	}
	return char
}

// globFault says in our words what the translated pattern was refused for.
func globFault(err error) string {
	if strings.Contains(err.Error(), "character class range") {
		return "a range runs backwards"
	}
	return "it is no valid text or too long"
}

// globs reads patterns of which it is known that they can be read or are ids.
func globs(patterns []string) []Glob {
	var list []Glob
	for _, p := range patterns {
		g, _ := ParseGlob(p)
		list = append(list, g)
	}
	return list
}
