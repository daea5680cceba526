// Package secretenv keeps secret environment variables from the programs that flakeci runs.
package secretenv

import (
	"os"
	"slices"
	"strings"
)

// names are variables that a CI job sets for its steps and that nobody else may have.
// Evaluation, builds and guests run the code of a pull request. The files that GitHub's
// variables name set the environment, the path and the outputs of later steps.
var names = []string{
	"ACTIONS_CACHE_URL", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_RESULTS_URL", "ACTIONS_RUNTIME_URL",
	"GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY",
	"FORGEJO_ENV", "FORGEJO_OUTPUT", "FORGEJO_PATH", "FORGEJO_STATE", "FORGEJO_STEP_SUMMARY",
	"GITEA_ENV", "GITEA_OUTPUT", "GITEA_PATH", "GITEA_STATE", "GITEA_STEP_SUMMARY",
	// GitLab's; the URL contains the job's token.
	"CI_JOB_JWT", "CI_JOB_JWT_V1", "CI_JOB_JWT_V2", "CI_REPOSITORY_URL",
}

// endings are the ends of the names of other secrets, in either case: GITHUB_TOKEN,
// CI_JOB_TOKEN, ACTIONS_RUNTIME_TOKEN, ACTIONS_ID_TOKEN_REQUEST_TOKEN, CI_REGISTRY_PASSWORD,
// SYSTEM_ACCESSTOKEN.
var endings = []string{"TOKEN", "PASSWORD", "PASSWD", "SECRET", "API_KEY", "ACCESS_KEY", "SECRET_KEY", "PRIVATE_KEY", "SIGNING_KEY"}

// Runners based on act, such as Forgejo's, show a step the inputs of its action, including
// the token.
const inputPrefix = "INPUT_"

// Owner is who alone gets a group of variables: those that begin with it.
type Owner string

// The owners of variables. Nix needs those of AWS to read from a store in S3; in a run that pushes
// to one they belong to the push.
const (
	Cachix Owner = "CACHIX_"
	Attic  Owner = "ATTIC_"
	AWS    Owner = "AWS_"
)

// has reports whether a variable belongs to the owner.
func (o Owner) has(name string) bool {
	return o != "" && strings.HasPrefix(strings.ToUpper(name), string(o))
}

// Of returns the variables of an owner.
func (o Owner) Of(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return !o.has(name)
	})
}

// isSecret reports whether a variable is only for flakeci, or for some owners.
func isSecret(name string, owners []Owner) bool {
	belongs := func(o Owner) bool { return o.has(name) }
	if slices.ContainsFunc(owners, belongs) || Cachix.has(name) || Attic.has(name) {
		return true
	}
	name = strings.ToUpper(name)
	if AWS.has(name) {
		return false
	}
	return slices.Contains(names, name) || strings.HasPrefix(name, inputPrefix) ||
		slices.ContainsFunc(endings, func(end string) bool { return strings.HasSuffix(name, end) })
}

// Without returns the environment without secrets, for Nix and git. What belongs to Cachix and
// Attic is always secret, what belongs to the given owners as well.
func Without(env []string, owners ...Owner) []string {
	return slices.DeleteFunc(append([]string{}, env...), func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return isSecret(name, owners)
	})
}

// Hide removes the secrets in env, flakeci's environment, from where code in a flake could
// read them: programs of the same user can read the environment of a process, and a child
// without an explicit environment inherits it. It may be called again for more owners.
func Hide(env []string, owners ...Owner) {
	var hidden []string
	for _, e := range env {
		if name, value, _ := strings.Cut(e, "="); isSecret(name, owners) && value != "" {
			hidden = append(hidden, name)
			_ = os.Unsetenv(name) // only fails without a name
		}
	}
	wipeEnvironment(hidden)
}
