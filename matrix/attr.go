package matrix

import (
	"slices"
	"strings"
)

// quoteAttr writes an attribute path as a Nix expression: names that are not identifiers are
// quoted and escaped. Different paths never look the same. An empty path is "".
//
// The result is for people and for expressions. In a flake reference on Nix's command line, the
// fragment may have quotes but no escapes, so a name with a quote, a backslash or "${" cannot
// be passed there in this form (a quote cannot be passed in any form).
func quoteAttr(path []string) string {
	quoted := make([]string, 0, len(path))
	for _, name := range path {
		quoted = append(quoted, quoteName(name))
	}
	return strings.Join(quoted, ".")
}

// quoteName quotes a name unless it is an identifier.
func quoteName(name string) string {
	if isIdentifier(name) {
		return name
	}
	// A carriage return must be escaped because Nix reads a raw one as a newline, "${"
	// because it would begin an interpolation.
	escape := strings.NewReplacer(
		`\`, `\\`, `"`, `\"`, `${`, `\${`, "\n", `\n`, "\r", `\r`, "\t", `\t`)
	return `"` + escape.Replace(name) + `"`
}

// isIdentifier reports whether Nix takes the name without quotes.
func isIdentifier(name string) bool {
	keywords := []string{"assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with"}
	if name == "" || slices.Contains(keywords, name) {
		return false
	}
	for i, r := range name {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		later := r >= '0' && r <= '9' || r == '-' || r == '\''
		if !letter && (i == 0 || !later) {
			return false
		}
	}
	return true
}
