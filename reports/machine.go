package reports

import (
	"cmp"
	"strconv"

	"github.com/flakeci/flakeci/result"
)

// Machine describes this machine, from the environment of a job and the machine's own name.
func Machine(env func(string) string, hostname string) result.Machine {
	m := result.Machine{Name: hostname}
	if env("GITHUB_ACTIONS") == "true" {
		m.Name, m.Run, m.Job = cmp.Or(env("RUNNER_NAME"), hostname), env("GITHUB_RUN_ID"), env("GITHUB_WORKFLOW")+"/"+env("GITHUB_JOB")
		m.Attempt, _ = strconv.Atoi(env("GITHUB_RUN_ATTEMPT")) // 0 if GitHub does not say
	}
	return m
}
