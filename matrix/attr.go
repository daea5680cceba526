package matrix

import (
	"slices"
	"strings"
)

// QuoteAttr writes an attribute path as an expression in Nix's language would:
// names that are no identifiers in quotes, with what is special in a string
// escaped. Different paths never look the same. An empty path is "".
//
// It is for reading and for expressions. The fragment of a flake reference on
// Nix's command line knows quotes but no escapes, so a name with a quote,
// backslash or "${" in it cannot be passed there in this form (nor, for a
// quote, in any other).
func QuoteAttr(path []string) string {
	quoted := make([]string, 0, len(path))
	for _, name := range path {
		quoted = append(quoted, quoteName(name))
	}
	return strings.Join(quoted, ".")
}

func quoteName(name string) string {
	if isIdentifier(name) {
		return name
	}
	// A carriage return has to be escaped because Nix reads a raw one as a
	// newline, "${" because it would begin an interpolation.
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
