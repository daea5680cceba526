package redact_test

import (
	"testing"

	"github.com/flakeci/flakeci/internal/redact"
)

// The credentials that flakeci was started with are masked, but neither common words nor the
// text of a stranger.
func TestWhatIsSecret(t *testing.T) {
	for env, said := range map[string]struct {
		text   string
		masked bool
	}{
		"GITHUB_TOKEN=a-word-as-token":                                    {"a-word-as-token", true},
		"ACTIONS_ID_TOKEN_REQUEST_TOKEN=x.y.z12345":                       {"x.y.z12345", true},
		"SYSTEM_ACCESSTOKEN=x.y.z12345":                                   {"x.y.z12345", true},
		"POSTGRES_PASSWORD=postgres":                                      {"postgres", false},
		"DB_PASSWORD=0123456789abcdef":                                    {"0123456789abcdef", true},
		"AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAM":        {"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAM", true},
		"SSH_PRIVATE_KEY=-----BEGIN KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n": {"b3BlbnNzaC1rZXktdjEAAAAA", true},
		"CI_JOB_JWT_V2=eyJhbGciOi.eyJuYW1l.c2ln":                          {"eyJhbGciOi.eyJuYW1l.c2ln", true},
		"https_proxy=http://me:proxypass1@proxy:3128":                     {"proxypass1", true},
		"CI_REPOSITORY_URL=https://ci:gitlabpass1@host/x":                 {"gitlabpass1", true},
		"NIX_CONFIG=access-tokens = github.com=conftoken1":                {"conftoken1", true},
		"CI_COMMIT_MESSAGE=see https://a:production@b":                    {"production", false},
		"EDITOR=0123456789abcdef":                                         {"0123456789abcdef", false},
	} {
		var s redact.Secrets
		s.AddEnvironment([]string{env})
		if got := s.Text(said.text); (got == "***") != said.masked || !said.masked && got != said.text {
			t.Errorf("%s: %q becomes %q", env, said.text, got)
		}
	}
}
