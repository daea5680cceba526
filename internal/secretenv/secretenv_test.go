package secretenv

import (
	"slices"
	"testing"
)

// Only the variables that Nix and git need stay.
func TestWithoutTokens(t *testing.T) {
	keep := []string{"PATH=/bin", "NIX_CONFIG=access-tokens = github.com=x", "SSH_AUTH_SOCK=/s", "GIT_ASKPASS=/a", "AWS_SECRET_ACCESS_KEY=k", "AWS_SESSION_TOKEN=t", "GITHUB_SHA=abc"}
	lose := []string{"GITHUB_TOKEN=x", "db_password=x", "SYSTEM_ACCESSTOKEN=x", "CI_DEPLOY_PASSWORD=x", "GITHUB_ENV=/f", "INPUT_EXTRA-NIX-CONFIG=x", "FORGEJO_OUTPUT=/f", "CACHIX_AUTH_TOKEN=x", "github_token=x", "X_API_KEY=x", "SSH_PRIVATE_KEY=x", "ACTIONS_CACHE_URL=u"}
	env := slices.Concat(lose, keep)
	if got := Without(env); !slices.Equal(got, keep) {
		t.Errorf("got %q, want %q", got, keep)
	}
	if !slices.Equal(env[:len(lose)], lose) {
		t.Error("flakeci's own environment was changed")
	}
}
