package secretenv

import (
	"slices"
	"testing"
)

// Only the variables that Nix and git need stay.
func TestWithoutTokens(t *testing.T) {
	keep := []string{"PATH=/bin", "NIX_SSHOPTS=-4", "NIX_REMOTE=daemon", "NIX_CONFIG=access-tokens = github.com=x", "SSH_AUTH_SOCK=/s", "GIT_ASKPASS=/a", "AWS_SECRET_ACCESS_KEY=k", "AWS_SESSION_TOKEN=t", "GITHUB_SHA=abc"}
	lose := []string{"GITHUB_TOKEN=x", "db_password=x", "SYSTEM_ACCESSTOKEN=x", "CI_DEPLOY_PASSWORD=x", "GITHUB_ENV=/f", "INPUT_EXTRA-NIX-CONFIG=x", "FORGEJO_OUTPUT=/f", "CACHIX_AUTH_TOKEN=x", "github_token=x", "X_API_KEY=x", "SSH_PRIVATE_KEY=x", "NIX_SIGNING_KEY=x", "NIX_CACHE_TOKEN=x", "ACTIONS_CACHE_URL=u"}
	env := slices.Concat(lose, keep)
	if got := Without(env); !slices.Equal(got, keep) {
		t.Errorf("got %q, want %q", got, keep)
	}
	if !slices.Equal(env[:len(lose)], lose) {
		t.Error("flakeci's own environment was changed")
	}
}

// What belongs to a program that pushes is for it alone. Nix keeps the variables of AWS unless the
// run pushes to S3.
func TestOwners(t *testing.T) {
	env := []string{"PATH=/bin", "CACHIX_AUTH_TOKEN=a", "CACHIX_SIGNING_KEY=b", "ATTIC_SERVER=c", "attic_token=d", "AWS_PROFILE=e", "AWS_SECRET_ACCESS_KEY=f"}
	for _, tt := range []struct {
		got, want []string
	}{
		{Without(env), []string{"PATH=/bin", "AWS_PROFILE=e", "AWS_SECRET_ACCESS_KEY=f"}},
		{Without(env, AWS), []string{"PATH=/bin"}},
		{Cachix.Of(env), []string{"CACHIX_AUTH_TOKEN=a", "CACHIX_SIGNING_KEY=b"}},
		{Attic.Of(env), []string{"ATTIC_SERVER=c", "attic_token=d"}},
		{AWS.Of(env), []string{"AWS_PROFILE=e", "AWS_SECRET_ACCESS_KEY=f"}},
		{Owner("").Of(env), []string{}},
	} {
		if !slices.Equal(tt.got, tt.want) {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
