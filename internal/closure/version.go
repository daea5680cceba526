package closure

import (
	"cmp"
	"strconv"
	"strings"
)

// CompareVersions orders versions as builtins.compareVersions does: less than 0
// where a is older, more where it is newer, and 0 where neither is. Versions that
// are not the same text may be as old, as 1.0 and 1-0 are.
func CompareVersions(a, b string) int {
	for a != "" || b != "" {
		var x, y string
		x, a = component(a)
		y, b = component(b)
		if c := compareComponents(x, y); c != 0 {
			return c
		}
	}
	return 0
}

// component cuts the first run of digits, or of what is neither a digit nor a
// dot or dash, off a version.
func component(s string) (first, rest string) {
	s = strings.TrimLeft(s, ".-")
	if s == "" {
		return "", ""
	}
	number := isDigit(s[0])
	end := 1
	for end < len(s) && isDigit(s[end]) == number && s[end] != '.' && s[end] != '-' {
		end++
	}
	return s[:end], s[end:]
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// compareComponents orders the parts of versions: "pre", then nothing, then
// words in the order of the alphabet, then numbers.
func compareComponents(a, b string) int {
	x, isX := number(a)
	y, isY := number(b)
	switch {
	case isX && isY:
		return cmp.Compare(x, y)
	case isX != isY:
		if isX {
			return 1
		}
		return -1
	case a == b:
		return 0
	case a == "pre":
		return -1
	case b == "pre":
		return 1
	}
	return strings.Compare(a, b)
}

// number reads a component. Nix keeps it in 32 bits: a longer one, such as a date
// with the time, is a word to it.
func number(s string) (int64, bool) {
	if s == "" || !isDigit(s[0]) {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 32)
	return n, err == nil
}
