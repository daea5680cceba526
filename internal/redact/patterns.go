package redact

import (
	"regexp"
	"strings"
)

// pattern finds credentials by their context: the last group of the expression is a credential.
// It searches only texts with one of the hints.
type pattern struct {
	hints   []string
	applies func(text string) bool // a further quick check; may be nil
	re      *regexp.Regexp
	ignore  func(match string) bool     // the match is no credential; may be nil
	parts   func(group string) []string // the secret parts of the group; nil is all of it
}

// credential is a credential that a pattern found.
type credential struct {
	span
	pattern *pattern
}

// userRE matches a URL with a user before its host. It requires a scheme, since joachim@reason is
// a home. A user has no quote, space or slash.
var userRE = regexp.MustCompile("(?i)([a-z][a-z0-9+.-]*)://([^\\s/?#\"<>\\\\`]*)@")

var patterns = []*pattern{
	{hints: []string{"@"}, applies: func(text string) bool { return strings.Contains(text, "://") }, re: userRE, ignore: isLogin, parts: userSecrets},
	// A URL that was cut off inside its password. Digits alone are a port.
	{hints: []string{"://"}, applies: endsInHost, re: regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://([^\s/?#@:"\\\[]*:[^\s/?#@"\\…]*[^\s/?#@"\\…0-9:.,;)'\]>][^\s/?#@"\\…]*)(?:…|$)`)},
	// A URL inside another, as a parameter.
	{hints: []string{"%2F%2F", "%2f%2f"}, re: regexp.MustCompile(`(?i)%3a%2f%2f((?:[\w.~!$&*+,;=()-]|%[013-9a-f][0-9a-f]|%2[0-9a-e])+)%40`)},
	{hints: []string{"?", "&", `\u0026`}, re: regexp.MustCompile(`(?i)(?:[?&;]|\\u0026)[\w.%\[\]-]*(?:token|secret|passw(?:or)?d|pwd|api_?key|access_?key|auth|credentials?|signature|sig)=([^&;\s"'<>#\\]*[^&;\s"'<>#\\:.,)\]])`)},
	{hints: []string{"ccess-tokens", "CCESS-TOKENS"}, re: regexp.MustCompile(`(?i)\baccess-tokens\b["'\s:=]+([^\s"'\\=]+=[^\s"'\\]+(?:[ \t]+[^\s"'\\=]+=[^\s"'\\]+)*)`), parts: hostTokens},
	{hints: []string{"uthorization", "UTHORIZATION"}, re: regexp.MustCompile(`(?i)\bauthorization["']?\s*[:=]\s*["']?(?:basic|bearer|token)\s+([^\s"'\\]+)`)},
	{hints: []string{"-T", "-t"}, re: regexp.MustCompile(`(?i)\b(?:private|job|deploy)-token\s*:\s*([^\s"'\\]+)`)},
	// Tokens of GitHub and GitLab have a prefix.
	{hints: []string{"gh", "glpat-"}, re: regexp.MustCompile(`\b(gh[opusr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|glpat-[\w-]{16,})`)},
}

// endsInHost reports whether a text, or a part of it that was cut with "…", may end in the host
// of a URL.
func endsInHost(text string) bool {
	if strings.Contains(text, "…") {
		return true
	}
	rest := text[strings.LastIndex(text, "://")+len("://"):]
	return !strings.ContainsAny(rest, "/ ?#@\n")
}

// isLogin reports whether the user of a URL is just a login name, such as git@ or a builder's: ssh
// has its keys elsewhere.
func isLogin(match string) bool {
	m := userRE.FindStringSubmatch(match)
	scheme := strings.ToLower(m[1])
	return m[2] == "" || m[2] == Mask || strings.Contains(scheme, "ssh") && !strings.Contains(m[2], ":")
}

// findCredentials lists the credentials that patterns find.
func findCredentials(text string) []credential {
	var found []credential
	for _, p := range patterns {
		if !containsAny(text, p.hints) || p.applies != nil && !p.applies(text) {
			continue
		}
		for _, m := range p.re.FindAllStringSubmatchIndex(text, -1) {
			if p.ignore == nil || !p.ignore(text[m[0]:m[1]]) {
				found = append(found, credential{span{m[len(m)-2], m[len(m)-1]}, p})
			}
		}
	}
	return found
}

func containsAny(text string, hints []string) bool {
	for _, hint := range hints {
		if strings.Contains(text, hint) {
			return true
		}
	}
	return false
}

// userSecrets returns the secret parts of user:password: the password, and a user that looks like a
// token. Another user may be a person's name, which is no secret elsewhere.
func userSecrets(credential string) []string {
	name, password, _ := strings.Cut(credential, ":")
	if looksRandom(name) {
		return []string{name, password}
	}
	return []string{password}
}

// hostTokens returns the tokens of host=token, host=kind:token and so on.
func hostTokens(list string) []string {
	var tokens []string
	for word := range strings.FieldsSeq(list) {
		_, token, _ := strings.Cut(word, "=")
		if _, rest, found := strings.Cut(token, ":"); found {
			token = rest
		}
		tokens = append(tokens, token)
	}
	return tokens
}

// looksRandom reports whether a text is too long for a name and has digits.
func looksRandom(text string) bool {
	return len(text) >= 16 && strings.ContainsAny(text, "0123456789")
}
