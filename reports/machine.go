package reports

import (
	"cmp"
	"runtime"
	"strconv"

	"github.com/flakeci/flakeci/result"
)

// Machine describes this machine, from the environment of a job and the machine's own name. Its
// system is the one that flakeci was compiled for, until Nix says what it takes for the machine's:
// a later attempt on another system must not hide that a run failed before it could ask.
func Machine(env func(string) string, hostname string) result.Machine {
	m := result.Machine{Name: hostname, System: nixSystem(runtime.GOARCH, runtime.GOOS)}
	if env("GITHUB_ACTIONS") == "true" {
		m.Name, m.Run, m.Job = cmp.Or(env("RUNNER_NAME"), hostname), env("GITHUB_RUN_ID"), env("GITHUB_WORKFLOW")+"/"+env("GITHUB_JOB")
		m.Attempt, _ = strconv.Atoi(env("GITHUB_RUN_ATTEMPT")) // 0 if GitHub does not say
	}
	return m
}

// nixSystem returns Nix's name for a system of Go.
func nixSystem(arch, system string) string {
	names := map[string]string{"amd64": "x86_64", "arm64": "aarch64", "386": "i686", "ppc64le": "powerpc64le"}
	return cmp.Or(names[arch], arch) + "-" + system
}
