package flakeref

import (
	"net/url"
	"strings"
)

// The parameters of a reference, after its question mark, choose which part or form of a source
// Nix reads. Nix keeps the ones that it knows as attributes, but its URLs do not carry all of
// them: 2.8 writes no submodules into the URL of a git repository and no host into that of a
// forge, 2.26 and 2.34 write no allRefs. So the URL alone does not tell what to evaluate.

// Nix does not read + as a space.
func encodeSpaces(query string) string { return strings.ReplaceAll(query, "+", "%20") }

// WithQuery adds parameters to a reference that has none.
func WithQuery(ref string, query url.Values) string {
	if len(query) == 0 {
		return ref
	}
	return ref + "?" + encodeSpaces(query.Encode())
}

func withParameter(ref, name, value string) string {
	separator := "?"
	if strings.Contains(ref, "?") {
		separator = "&"
	}
	return ref + separator + name + "=" + EscapeValue(value)
}

// EscapeValue encodes the value of a parameter.
func EscapeValue(value string) string { return encodeSpaces(url.QueryEscape(value)) }

// Parameters reads the parameters of a reference as Nix does: it does not read + as a space.
func Parameters(ref string) map[string]string {
	_, query, _ := strings.Cut(ref, "?")
	all := map[string]string{}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if decoded, err := url.PathUnescape(value); err == nil {
			value = decoded
		}
		if name != "" {
			all[name] = value
		}
	}
	return all
}

// parameters returns the parameters of a reference that a person wrote. The name of a
// folder may have a question mark.
func (r Ref) parameters() map[string]string {
	if r.Dir != "" {
		return nil
	}
	ref, _, _ := strings.Cut(r.Text, "#")
	return Parameters(ref)
}
