package clean

import "strings"

const (
	escape = 0x1b
	bell   = 0x07
)

// sequence returns the length of the escape sequence that s begins with, 0 if
// it begins with none. The forms are those of ECMA-48: control sequences,
// control strings (titles, hyperlinks, pictures), and ESC with one more
// character; ESC may be written as one C1 character with what follows it.
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

// introducer reads ESC and the character that says what kind of sequence it
// begins. The kind is 0 where there is no more to read: no sequence at all
// (with length 0), or one that is complete.
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
		return 0, 1 // a lone ESC; what follows it is text
	case end > 1:
		return 0, end + 1
	}
	return rest[0], 2
}

// c1 is introducer for the second byte of a C1 character in UTF-8. Next line is
// no sequence but a line break.
func c1(second byte) (kind byte, length int) {
	if second == 0x85 {
		return 0, 0
	}
	return second - 0x40, 2
}

// controlSequence returns the length of the parameters and the final character
// of a control sequence. One that is broken off ends before the fault.
func controlSequence(s string) int {
	rest := skip(skip(s, '0', '?'), ' ', '/')
	length := len(s) - len(rest)
	if rest != "" && rest[0] >= '@' && rest[0] <= '~' {
		length++
	}
	return length
}

// controlString returns the length of a control string with its terminator, or
// 0 if another control character comes first. Without that limit one sequence
// that never ends would swallow a whole log; with it no byte is looked at from
// two introducers, so that a log made of nothing but introducers takes no
// longer than another.
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

// skip returns s without the characters from low to high that it begins with.
func skip(s string, low, high byte) string {
	for s != "" && s[0] >= low && s[0] <= high {
		s = s[1:]
	}
	return s
}
