package unit

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// declaredNames returns the names under which a unit may be declared: the declaration of an
// instance is usually that of its template.
func declaredNames(name string) []string {
	if template, _, ok := strings.Cut(name, "@"); ok && template+"@" != name {
		return []string{name, template + "@"}
	}
	return []string{name}
}

var slashesRE = regexp.MustCompile(`/+`)

// EscapePath does what escapeSystemdPath in nixpkgs' nixos/lib/utils.nix does, which has
// its own list of characters.
func EscapePath(s string) string {
	s = slashesRE.ReplaceAllString(s, "/")
	if s != "/" {
		s = strings.TrimSuffix(strings.TrimPrefix(s, "/"), "/")
	}
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '/':
			b.WriteByte('-')
		case c == '.' && i == 0, strings.IndexByte(" !\"#$%&'()*+,;<=>@[\\]^`{|}~-", c) >= 0:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

var escapedRE = regexp.MustCompile(`\\x[0-9a-fA-F]{2}`)

// unescapePath returns the path that the name of a mount unit stands for.
func unescapePath(name string) string {
	if name == "-" {
		return "/"
	}
	return "/" + escapedRE.ReplaceAllStringFunc(strings.ReplaceAll(name, "-", "/"), func(m string) string {
		n, err := strconv.ParseUint(m[2:], 16, 8)
		if err != nil || n == 0 {
			return m
		}
		return string([]byte{byte(n)})
	})
}
