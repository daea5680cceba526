package clean

import "strings"

const (
	escape = 0x1b
	bell   = 0x07
)

// sequence returns the length of the escape sequence at the beginning of s, 0 if there is none.
// The forms are those of ECMA-48: control sequences, control strings (titles, hyperlinks,
// images), and ESC with one more character. A C1 character may replace ESC and the character
// after it.
func sequence(s string) int {
	kind, n := introducer(s)
	switch kind {
	case 0:
		return n
	case '[':
		return n + controlSequence(s[n:])
	case ']', 'P', 'X', '^', '_':
		return n + controlString(s[n:])
	}
	return n
}

// introducer reads ESC and the character that determines the kind of sequence. The kind is 0 if
// there is no more to read: there is no sequence (length 0), or it is complete.
func introducer(s string) (kind byte, length int) {
	if len(s) >= 2 && s[0] == 0xC2 && s[1] >= 0x80 && s[1] <= 0x9F {
		return c1(s[1])
	}
	if s[0] != escape {
		return 0, 0
	}
	rest := skip(s[1:], ' ', '/')
	end := len(s) - len(rest)
	switch {
	case rest == "" || rest[0] < '0' || rest[0] > '~':
		return 0, 1 // a lone ESC; text follows
	case end > 1:
		return 0, end + 1
	}
	return rest[0], 2
}

// c1 is introducer for the second byte of a C1 character in UTF-8. "Next line" is a line break,
// not a sequence.
func c1(second byte) (kind byte, length int) {
	if second == 0x85 {
		return 0, 0
	}
	return second - 0x40, 2
}

// controlSequence returns the length of the parameters and the final character of a control
// sequence. An invalid sequence ends before the error.
func controlSequence(s string) int {
	rest := skip(skip(s, '0', '?'), ' ', '/')
	length := len(s) - len(rest)
	if rest != "" && rest[0] >= '@' && rest[0] <= '~' {
		length++
	}
	return length
}

// controlString returns the length of a control string with its terminator, or 0 if another
// control character comes first. Without that limit an unterminated sequence would swallow
// an entire log. With it each byte is read from only one introducer, so a log of nothing
// but introducers takes no longer than any other.
func controlString(s string) int {
	for i := range len(s) {
		switch c := s[i]; {
		case c == bell:
			return i + 1
		case strings.HasPrefix(s[i:], "\x1b\\"), strings.HasPrefix(s[i:], "\u009c"):
			return i + 2
		case c < ' ', c == 0xC2 && i+1 < len(s) && s[i+1] <= 0x9F:
			return 0
		}
	}
	return 0
}

// skip returns s without leading characters from low to high.
func skip(s string, low, high byte) string {
	for s != "" && s[0] >= low && s[0] <= high {
		s = s[1:]
	}
	return s
}
