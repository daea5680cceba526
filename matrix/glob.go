package matrix

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Glob is a pattern for cell ids. The zero value matches the empty id only.
//
// A star stands for any number of characters, a question mark for one, [a-z] for one of a set,
// and [!a-z] for one outside a set. A backslash makes the next character literal. Unlike in file
// names, a star matches slashes too, so that home/* and *reason* mean what they look like. Every
// id also matches itself.
type Glob struct {
	pattern string
	match   *regexp.Regexp
}

// GlobError says why a pattern is malformed.
type GlobError struct {
	Pattern string
	Offset  int    // of the malformed part, in bytes
	Reason  string // what is wrong there
}

// Error shows the pattern and what is wrong with it.
func (e *GlobError) Error() string {
	return fmt.Sprintf("pattern %q: %s at character %d", e.Pattern, e.Reason, e.Offset+1)
}

// ParseGlob parses a pattern. The error is a [*GlobError]. The glob returned with it matches only
// the id that equals the pattern.
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
	if err != nil { // not UTF-8, or a range that runs backwards
		return Glob{pattern: pattern}, &GlobError{Pattern: pattern, Reason: globFault(err)}
	}
	return Glob{pattern: pattern, match: match}, nil
}

// Match reports whether the pattern matches the entire id.
func (g Glob) Match(id string) bool {
	return id == g.pattern || g.match != nil && g.match.MatchString(id)
}

// MayMatchPrefix reports whether the pattern may match an id with this prefix. A yes may be wrong:
// it considers only the pattern up to the first special character.
func (g Glob) MayMatchPrefix(prefix string) bool {
	fixed := g.pattern
	for i := range len(fixed) {
		if slices.Contains([]byte(`*?[\`), fixed[i]) {
			fixed = fixed[:i]
			break
		}
	}
	n := min(len(fixed), len(prefix))
	return fixed[:n] == prefix[:n]
}

// String returns the pattern as given.
func (g Glob) String() string { return g.pattern }

// globPiece translates the beginning of a non-empty pattern to a regular expression. It returns
// how many bytes it translated, or what is wrong.
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

// literal translates one character, or one byte that is not UTF-8.
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

// setMember escapes a character for a set in a regular expression, where different characters are
// special than elsewhere.
func setMember(char string) string {
	if strings.ContainsAny(char, `\]^-[`) {
		return `\` + char
	}
	return char
}

// globFault says why the translated pattern does not compile.
func globFault(err error) string {
	if strings.Contains(err.Error(), "character class range") {
		return "a range runs backwards"
	}
	return "it is not valid text or too long"
}

// globs parses patterns. A malformed one matches only itself.
func globs(patterns []string) []Glob {
	var list []Glob
	for _, p := range patterns {
		g, _ := ParseGlob(p)
		list = append(list, g)
	}
	return list
}
