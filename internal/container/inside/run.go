package inside

import (
	"context"
	"os"
	"strings"

	"github.com/flakeci/flakeci/internal/git"
)

// ReportPath is where a run in a container leaves its report.
const ReportPath = "/flakeci/report.json"

// Results returns the arguments with which a run leaves its report, and does nothing else with
// it, given the flags about reports. The artifacts have the same path as outside, which the report
// names.
func Results(flags []string, artifacts string) []string {
	var args []string
	for _, flag := range flags {
		value := ""
		switch flag {
		case "json":
			value = ReportPath
		case "artifacts":
			value = artifacts
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

// stateMode is the mode of the folder that Nix and flakeci share in a new store. Whichever is first
// makes it, and the users that build must be able to pass.
const stateMode = 0o755

// Prepare prepares the container for a run in a folder.
func Prepare(ctx context.Context, dir string, env []string) error {
	if err := os.MkdirAll("/nix/var", stateMode); err != nil {
		return err
	}
	if repo, err := git.Open(ctx, dir, env); err == nil {
		_ = repo.Refresh(ctx) // without it files look changed, which flakeci says
	}
	return nil
}
