package nixfile

import "strings"

// kind sorts the tokens that matter here.
type kind int

const (
	end      kind = iota
	word          // an identifier, a keyword or a number
	quoted        // a string without interpolation, as the name of an attribute may be
	computed      // a string with interpolation, or ${…} itself
	sign          // any other character
)

type token struct {
	kind kind
	text string // of a word, a quoted string or a sign
	at   int    // the offset of its first byte
}

// scanner splits the text of a Nix file into tokens. It skips comments, and takes a string
// with all that is interpolated in it for one token: broken text ends with it.
type scanner struct {
	text string
	at   int
	// inside is how many interpolations the scanner is in.
	inside int
}

// maxInterpolations is deeper than any file that a person wrote nests them. Each takes memory of the
// stack.
const maxInterpolations = 100

func (s *scanner) next() token {
	s.skipSpace()
	rest := s.text[s.at:]
	t := token{kind: sign, at: s.at}
	switch {
	case rest == "":
		t.kind = end
	case rest[0] == '"':
		s.at++
		t.kind, t.text = s.quoted()
	case strings.HasPrefix(rest, "''"):
		s.at += 2
		s.indented()
		t.kind = computed
	case strings.HasPrefix(rest, "${"):
		s.at += 2
		s.interpolation()
		t.kind = computed
	case isWord(rest[0]):
		n := 1
		for n < len(rest) && (isWord(rest[n]) || rest[n] == '-' || rest[n] == '\'') {
			n++
		}
		t.kind, t.text = word, rest[:n]
		s.at += n
	default:
		n := 1
		if len(rest) > 1 && strings.Contains("== != <= >= -> // ++", rest[:2]) && rest[1] != ' ' && rest[0] != ' ' {
			n = 2
		}
		t.text = rest[:n]
		s.at += n
	}
	return t
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// skipSpace skips white space and comments.
func (s *scanner) skipSpace() {
	for s.at < len(s.text) {
		switch rest := s.text[s.at:]; {
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			s.at++
		case rest[0] == '#':
			s.skipTo("\n")
		case strings.HasPrefix(rest, "/*"):
			s.at += 2
			s.skipTo("*/")
		default:
			return
		}
	}
}

// skipTo skips up to the end of a mark, or all that is left.
func (s *scanner) skipTo(mark string) {
	_, rest, _ := strings.Cut(s.text[s.at:], mark)
	s.at = len(s.text) - len(rest)
}

// quoted skips the rest of a "string".
func (s *scanner) quoted() (kind, string) {
	var b strings.Builder
	what := quoted
	for s.at < len(s.text) {
		switch rest := s.text[s.at:]; {
		case rest[0] == '"':
			s.at++
			return what, b.String()
		case rest[0] == '\\' && len(rest) > 1:
			b.WriteByte(rest[1])
			s.at += 2
		case strings.HasPrefix(rest, "$$"): // the second does not begin an interpolation
			b.WriteString("$$")
			s.at += 2
		case strings.HasPrefix(rest, "${"):
			s.at += 2
			s.interpolation()
			what = computed
		default:
			b.WriteByte(rest[0])
			s.at++
		}
	}
	return what, b.String()
}

// indented skips the rest of an ”indented string”.
func (s *scanner) indented() {
	for s.at < len(s.text) {
		switch rest := s.text[s.at:]; {
		case strings.HasPrefix(rest, "''$"), strings.HasPrefix(rest, "'''"):
			s.at += 3
		case strings.HasPrefix(rest, `''\`):
			s.at = min(s.at+4, len(s.text))
		case strings.HasPrefix(rest, "''"):
			s.at += 2
			return
		case strings.HasPrefix(rest, "$$"): // the second does not begin an interpolation
			s.at += 2
		case strings.HasPrefix(rest, "${"):
			s.at += 2
			s.interpolation()
		default:
			s.at++
		}
	}
}

// interpolation skips the rest of ${…}, in which there may be strings again. It skips all that is left
// if they are nested too deep.
func (s *scanner) interpolation() {
	if s.inside == maxInterpolations {
		s.at = len(s.text)
		return
	}
	s.inside++
	defer func() { s.inside-- }()
	for depth := 1; depth > 0; {
		switch t := s.next(); {
		case t.kind == end:
			return
		case t.text == "{" && t.kind == sign:
			depth++
		case t.text == "}" && t.kind == sign:
			depth--
		}
	}
}
