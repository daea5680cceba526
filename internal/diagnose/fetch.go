package diagnose

import (
	"fmt"
	"regexp"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
)

// adviseFetch names what the flake could not fetch during evaluation.
func adviseFetch(c *result.Cause, e *nixlog.EvalError, _ []string) {
	f := e.Fetch
	c.Title = firstLine(fmt.Sprintf("%s could not be fetched: %s", f.URL, f.Reason))
	if f.Refused {
		c.Title = notEvaluated + c.Title
		return
	}
	// All hosts that fetch it share one cause, although each message says for how many
	// milliseconds Nix tried.
	c.Kind, c.Key = result.CauseInput, result.NewCauseKey(result.CauseInput, f.URL)
	c.Hint = fetchHint(c.Message)
	if c.Hint == "" {
		c.Hint = "the flake fetches it during evaluation; make sure that this machine may fetch it, or make it an input, which --override-input can replace"
	}
}

var (
	certificateRE = regexp.MustCompile(`(?i)certificate|SSH remote key was not OK`)
	passwordRE    = regexp.MustCompile(`(?i)(?:HTTP error|returned error:) (?:401|407)|could not read Username|authentication failed|Permission denied \(`)
	hostKeyRE     = regexp.MustCompile(`(?i)host key verification failed`)
	rateLimitRE   = regexp.MustCompile(`(?i)rate limit exceeded|HTTP error 429`)
	programRE     = regexp.MustCompile(`executing ['"]([a-z-]+)['"]: No such file`)
)

// fetchHint says what to do about something that could not be fetched. It returns "" if the
// message shows no particular reason.
func fetchHint(message string) string {
	switch m := programRE.FindStringSubmatch(message); {
	case m != nil:
		return fmt.Sprintf("install %s, or put it on PATH", m[1])
	case certificateRE.MatchString(message):
		return "this machine does not trust the server's certificate: check its clock and its CA certificates (ssl-cert-file or NIX_SSL_CERT_FILE for Nix, http.sslCAInfo or GIT_SSL_CAINFO for git)"
	case hostKeyRE.MatchString(message):
		return "add the server's key to ~/.ssh/known_hosts (ssh-keyscan HOST)"
	case rateLimitRE.MatchString(message):
		return "the server limits requests: wait, or log in with access-tokens in nix.conf"
	case passwordRE.MatchString(message):
		return "the server requires a login: give this machine a key or a token (netrc-file or access-tokens in nix.conf, ssh-agent)"
	}
	return ""
}

// adviseHash names a file that does not have the hash that the flake gives.
func adviseHash(c *result.Cause, _ *nixlog.EvalError, found []string) {
	f := nixlog.BuildFailure{Kind: result.CauseHash}
	c.Kind, c.Title, c.Hint = f.Kind, nixlog.StripCredentials(found[0])+" does not have the expected hash", hint(f)
}
