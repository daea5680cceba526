package clean

import "unicode/utf8"

// VisibleText gives what can be seen of a text, with its lines and tabs, and for each byte of
// that its place in the text. It is for finding what escape sequences or invisible
// characters may break up.
func VisibleText(s string) (seen string, from []int) {
	out := make([]byte, 0, len(s))
	from = make([]int, 0, len(s))
	for i := 0; i < len(s); {
		if n := sequence(s[i:]); n > 0 {
			i += n
			continue
		}
		r, width := utf8.DecodeRuneInString(s[i:])
		if r == '\t' || breaksLine(r) || visible(r) != dropped {
			for k := range width {
				out, from = append(out, s[i+k]), append(from, i+k)
			}
		}
		i += width
	}
	return string(out), from
}

// Plain reports whether a text is printable ASCII, in which nothing is hidden.
func Plain(s string) bool { return isPlain(s) }
