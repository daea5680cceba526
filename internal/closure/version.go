package closure

import (
	"cmp"
	"strconv"
	"strings"
)

// CompareVersions orders versions like builtins.compareVersions: the result is negative if a is
// older, positive if it is newer, and 0 if they are equal. Different texts may be equal versions,
// such as 1.0 and 1-0.
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

// component splits off the first run of digits, or of characters other than digits, dots and
// dashes.
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

// compareComponents orders the parts of versions: "pre", then nothing, then words alphabetically,
// then numbers.
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

// number parses a component. Nix uses 32 bits: to it a longer number, such as a date with the
// time, is a word.
func number(s string) (int64, bool) {
	if s == "" || !isDigit(s[0]) {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 32)
	return n, err == nil
}
