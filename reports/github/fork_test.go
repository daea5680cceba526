package github

import (
	"errors"
	"strings"
	"testing"
)

// The event tells whether a job may run code of a fork. If it does not, the job may.
func TestFromFork(t *testing.T) {
	const own, other = `{"id": 1, "full_name": "o/r"}`, `{"id": 2, "full_name": "stranger/r"}`
	pull := func(head string) string {
		return `{"pull_request": {"head": {"repo": ` + head + `}, "base": {"repo": ` + own + `}}, "repository": ` + own + `}`
	}
	run := func(head string) string {
		return `{"workflow_run": {"event": "pull_request", "head_repository": ` + head + `}, "repository": ` + own + `}`
	}
	for _, tt := range []struct{ name, event, want string }{
		{"push", `{"repository": ` + own + `}`, ""},
		{"schedule", `{}`, ""},
		{"push", `no JSON`, ""},
		{"pull_request", pull(own), ""},
		{"pull_request", pull(other), "the fork stranger/r"},
		{"pull_request", pull(`{"id": 2, "full_name": "o/r"}`), "the fork o/r"}, // a name may be taken over
		{"pull_request", pull(`{"full_name": "O/R"}`), ""},
		{"pull_request", pull("null"), "a fork that was deleted"},
		{"pull_request", pull("{}"), "a fork"},
		{"pull_request_target", pull(other), "the fork stranger/r"},
		{"pull_request_review", pull(other), "the fork stranger/r"},
		{"pull_request", `{"pull_request": {"head": {"repo": ` + other + `}}, "repository": ` + own + `}`, "the fork stranger/r"},
		{"pull_request", `{}`, "does not tell"},
		{"pull_request", `no JSON`, "cannot be read"},
		{"", `no JSON`, "cannot be read"},
		{"workflow_run", run(own), ""},
		{"workflow_run", run(other), "the fork stranger/r"},
		{"workflow_run", run("null"), "deleted"},
		{"workflow_run", `{}`, "does not tell"},
		{"issue_comment", `{"issue": {"pull_request": {"url": "x"}}, "repository": ` + own + `}`, "does not tell"},
		{"issue_comment", `{"issue": {}, "repository": ` + own + `}`, ""},
	} {
		env := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": tt.name, "GITHUB_EVENT_PATH": "/event"}
		read := func(string) ([]byte, error) { return []byte(tt.event), nil }
		got := FromFork(func(k string) string { return env[k] }, read)
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s %s: %q, not %q", tt.name, tt.event, got, tt.want)
		}
	}
	missing := func(string) ([]byte, error) { return nil, errors.New("no such file") }
	env := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request_target"}
	if got := FromFork(func(k string) string { return env[k] }, missing); got == "" {
		t.Error("a pull request without an event is taken for a trusted one")
	}
	if got := FromFork(func(string) string { return "" }, missing); got != "" {
		t.Errorf("outside of GitHub Actions: %s", got)
	}
}
