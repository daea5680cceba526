package clean

import "unicode/utf8"

// VisibleText returns the visible part of a text, with its lines and tabs, and the offset of each
// of its bytes in the text. It helps to find words that escape sequences or invisible characters
// split.
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
