package reports

import (
	"regexp"
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestMachine(t *testing.T) {
	env := map[string]string{
		"GITHUB_ACTIONS": "true", "RUNNER_NAME": "GitHub Actions 2", "GITHUB_RUN_ID": "7", "GITHUB_WORKFLOW": "ci", "GITHUB_JOB": "test", "GITHUB_RUN_ATTEMPT": "2",
	}
	got := Machine(func(key string) string { return env[key] }, "host")
	if !regexp.MustCompile(`^[a-z0-9_]+-(linux|darwin)$`).MatchString(got.System) {
		t.Errorf("the system is %q", got.System)
	}
	if want := (result.Machine{Name: "GitHub Actions 2", System: got.System, Run: "7", Job: "ci/test", Attempt: 2}); got != want {
		t.Errorf("got %+v", got)
	}
	if got := Machine(func(string) string { return "" }, "host"); got.Name != "host" || got.Run != "" {
		t.Errorf("outside GitHub: %+v", got)
	}
}

func TestNixSystem(t *testing.T) {
	for want, got := range map[string]string{
		"x86_64-linux": nixSystem("amd64", "linux"), "aarch64-darwin": nixSystem("arm64", "darwin"), "riscv64-linux": nixSystem("riscv64", "linux"),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
