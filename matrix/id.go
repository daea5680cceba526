package matrix

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cellID joins a kind and names to an id.
func cellID(parts ...string) string {
	escaped := make([]string, 0, len(parts))
	for _, p := range parts {
		escaped = append(escaped, escapeID(p))
	}
	return strings.Join(escaped, "/")
}

// escapeID escapes a name for an id. Without this, a host called "reason/home/joachim" would
// share an id with the home embedded in reason, and an id with a newline would be two lines in
// a list of ids.
func escapeID(name string) string {
	var b strings.Builder
	for i, w := 0, 0; i < len(name); i += w {
		var r rune
		r, w = utf8.DecodeRuneInString(name[i:])
		if mustEscape(r, w, name[i:]) {
			for _, c := range []byte(name[i : i+w]) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
			continue
		}
		b.WriteString(name[i : i+w])
	}
	return b.String()
}

// unescapeID returns what [escapeID] escaped.
func unescapeID(escaped string) string {
	var b strings.Builder
	for i := 0; i < len(escaped); i++ {
		if rest := escaped[i:]; len(rest) >= 3 && rest[0] == '%' {
			if c, err := strconv.ParseUint(rest[1:3], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(escaped[i])
	}
	return b.String()
}

// mustEscape reports whether to escape the rune r of width w at the beginning of rest.
func mustEscape(r rune, w int, rest string) bool {
	switch {
	case r == '/', unicode.IsControl(r):
		return true
	case r == utf8.RuneError && w == 1: // not UTF-8; JSON would write all such bytes alike
		return true
	case r == '%':
		return len(rest) > 2 && isHex(rest[1]) && isHex(rest[2])
	}
	return false
}

func isHex(c byte) bool {
	return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0
}
