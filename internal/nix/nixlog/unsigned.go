package nixlog

import "regexp"

// unsignedRE finds the warning about a path that a binary cache offers and Nix builds by itself. The
// first words are those of 2.34, the others those of 2.8.
var unsignedRE = regexp.MustCompile(`(?:ignoring|the) substitute for '[^']*' from '([^']*)',? (?:as it's|is) not signed by any of the keys`)

// unsigned returns the binary cache whose path Nix does not trust, without credentials, or "".
func unsigned(text string) string {
	if m := unsignedRE.FindStringSubmatch(text); m != nil {
		return StripCredentials(m[1])
	}
	return ""
}
