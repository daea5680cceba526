package inside

import (
	"context"
	"strings"

	"github.com/flakeci/flakeci/internal/git"
)

// Where a run in a container leaves its results.
const (
	ReportPath   = "/flakeci/report.json"
	ArtifactsDir = "/flakeci/artifacts"
)

// Results returns the arguments with which a run leaves its results, and does nothing else with
// them, given the flags about results.
func Results(flags []string) []string {
	var args []string
	for _, flag := range flags {
		value := ""
		switch flag {
		case "json":
			value = ReportPath
		case "artifacts":
			value = ArtifactsDir
		case "comment", "issue":
			value = "never"
		}
		args = append(args, "--"+flag+"="+value)
	}
	return args
}

// passedOn are the variables of the user that a run gets. Others may be secret.
var passedOn = []string{"TERM", "COLORTERM", "NO_COLOR", "CI", "LANG"}

// proxies are passed on unless they hold a password.
var proxies = []string{"http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"}

// Environment returns the variables of a run, besides those of the image. What flakeci and Nix
// remember between runs is in the volume of the store.
func Environment(env func(string) string) []string {
	vars := []string{
		"HOME=/root", "USER=root", "XDG_STATE_HOME=/nix/var/flakeci/state", "XDG_CACHE_HOME=/nix/var/flakeci/cache",
		// Without CAP_SYS_ADMIN there is none, and Nix would fall back in silence.
		"NIX_CONFIG=sandbox = false",
	}
	for _, name := range passedOn {
		if value := env(name); value != "" {
			vars = append(vars, name+"="+value)
		}
	}
	for _, name := range proxies {
		if value := env(name); value != "" && !strings.Contains(value, "@") {
			vars = append(vars, name+"="+value)
		}
	}
	return vars
}

// Refresh tells git that the checkout of a folder was copied.
func Refresh(ctx context.Context, dir string, env []string) {
	repo, err := git.Open(ctx, dir, env)
	if err == nil {
		_ = repo.Refresh(ctx) // then files look changed, which flakeci says
	}
}
