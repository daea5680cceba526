package main

import (
	"os"
	"slices"
	"strings"
)

// What a CI job hands to its steps and nobody else may have. Evaluation, builds and
// guests run what a pull request brings along. The files that GitHub's variables name
// set the environment, the path and the outputs of later steps.
var secretVariables = []string{
	"ACTIONS_CACHE_URL", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_RESULTS_URL", "ACTIONS_RUNTIME_URL",
	"GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY",
	"FORGEJO_ENV", "FORGEJO_OUTPUT", "FORGEJO_PATH", "FORGEJO_STATE", "FORGEJO_STEP_SUMMARY",
	"GITEA_ENV", "GITEA_OUTPUT", "GITEA_PATH", "GITEA_STATE", "GITEA_STEP_SUMMARY",
	// GitLab's; the URL has the job's token in it.
	"CI_JOB_JWT", "CI_JOB_JWT_V1", "CI_JOB_JWT_V2", "CI_REPOSITORY_URL",
	"CACHIX_SIGNING_KEY",
}

// How the names of other secrets end: GITHUB_TOKEN, CI_JOB_TOKEN, ACTIONS_RUNTIME_TOKEN
// and ACTIONS_ID_TOKEN_REQUEST_TOKEN, CI_REGISTRY_PASSWORD, SYSTEM_ACCESSTOKEN; in
// lower case, too.
var secretEndings = []string{"TOKEN", "PASSWORD", "PASSWD", "SECRET", "API_KEY", "ACCESS_KEY", "SECRET_KEY", "PRIVATE_KEY", "SIGNING_KEY"}

// Runners made of act, as Forgejo's is, show a step the inputs of its action, among
// which is the token.
const inputPrefix = "INPUT_"

// secret says whether a variable is only for flakeci. Those of AWS are for Nix, whose
// stores in S3 take them.
func secret(name string) bool {
	name = strings.ToUpper(name)
	if strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "NIX_") {
		return false
	}
	return slices.Contains(secretVariables, name) || strings.HasPrefix(name, inputPrefix) ||
		slices.ContainsFunc(secretEndings, func(end string) bool { return strings.HasSuffix(name, end) })
}

// withoutTokens is the environment of what looks into a flake.
func withoutTokens(env []string) []string {
	return slices.DeleteFunc(append([]string{}, env...), func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return secret(name)
	})
}

// takeEnvironment gives flakeci's environment, and removes its secrets from where code
// in a flake could read them: programs of the same user can read the environment of a
// process, and a child that is given none inherits it.
func takeEnvironment() []string {
	env := os.Environ()
	var names []string
	for _, e := range env {
		if name, value, _ := strings.Cut(e, "="); secret(name) && value != "" {
			names = append(names, name)
			_ = os.Unsetenv(name) // fails for no name only
		}
	}
	hideEnvironment(names)
	return env
}
