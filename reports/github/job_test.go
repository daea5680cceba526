package github

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
)

func jobFrom(t *testing.T, vars map[string]string, event string) (Job, error) {
	t.Helper()
	all := map[string]string{
		"GITHUB_REPOSITORY": "o/r", "GITHUB_SHA": "merge", "GITHUB_EVENT_PATH": "event.json",
		"GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "2", "GITHUB_TOKEN": "t",
	}
	for k, v := range vars {
		all[k] = v
	}
	return FromActions(func(name string) string { return all[name] }, func(string) ([]byte, error) {
		if event == "" {
			return nil, errors.New("no such file")
		}
		return []byte(event), nil
	})
}

func TestFromActions(t *testing.T) {
	for name, c := range map[string]struct {
		vars      map[string]string
		event     string
		pull      int
		sha, head string
	}{
		"pull request": {nil, `{"number": 3, "pull_request": {"number": 3, "head": {"sha": "abc"}}}`, 3, "abc", ""},
		"only on top":  {nil, `{"number": 4, "pull_request": {}}`, 4, "merge", ""},
		"push":         {nil, `{"ref": "refs/heads/main"}`, 0, "merge", ""},
		"schedule":     {map[string]string{"GITHUB_EVENT_PATH": ""}, "", 0, "merge", ""},
		"after another run": {nil, `{"workflow_run": {"event": "pull_request", "head_sha": "abc", "pull_requests": [{"number": 5, "head": {"sha": "abc"}}]}}`,
			5, "abc", ""},
		"after a fork's run": {nil, `{"workflow_run": {"event": "pull_request", "head_sha": "abc", "head_branch": "fix/it", "head_repository": {"owner": {"login": "eve"}}, "pull_requests": []}}`,
			0, "abc", "eve:fix/it"},
		"after a push": {nil, `{"workflow_run": {"event": "push", "head_sha": "abc", "head_branch": "main", "head_repository": {"owner": {"login": "o"}}}}`,
			0, "abc", ""},
	} {
		t.Run(name, func(t *testing.T) {
			j, err := jobFrom(t, c.vars, c.event)
			if err != nil || j.Pull != c.pull || j.SHA != c.sha || j.Head != c.head {
				t.Errorf("got %+v, %v", j, err)
			}
		})
	}
}

func TestNoJob(t *testing.T) {
	for name, c := range map[string]struct {
		vars       map[string]string
		event, why string
	}{
		"no repository": {map[string]string{"GITHUB_REPOSITORY": ""}, "{}", "GITHUB_REPOSITORY"},
		"no server":     {map[string]string{"GITHUB_API_URL": "file:///etc"}, "{}", "not the address"},
		"no event":      {nil, "", "no such file"},
		"no JSON":       {nil, "{", "event.json cannot be read"},
	} {
		if _, err := jobFrom(t, c.vars, c.event); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	j, err := jobFrom(t, map[string]string{"GITHUB_SERVER_URL": "https://git.example/", "GITHUB_API_URL": "https://git.example/api/v3"}, "{}")
	if err != nil {
		t.Fatal(err)
	}
	if got := j.RunURL(); got != "https://git.example/o/r/actions/runs/7/attempts/2" {
		t.Error(got)
	}
	if got := j.SourceURL(); got != "https://git.example/o/r/blob/merge/" {
		t.Error(got)
	}
	if got := j.API.String(); got != "https://git.example/api/v3/" {
		t.Error(got)
	}
}

// GitHub's own examples of events.
func TestRealEvents(t *testing.T) {
	text, err := os.ReadFile("../../.cache/npm/node_modules/@octokit/webhooks-examples/api.github.com/index.json")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("skipped: @octokit/webhooks-examples is not installed; make test gets it")
	}
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Name     string
		Examples []json.RawMessage
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, event := range all {
		for _, example := range event.Examples {
			j, err := jobFrom(t, nil, string(example))
			if err != nil {
				t.Errorf("%s: %v", event.Name, err)
			}
			if event.Name != "pull_request" {
				continue
			}
			if n++; j.Pull == 0 || len(j.SHA) != 40 {
				t.Errorf("pull request %d at %s", j.Pull, j.SHA)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d pull requests among the examples", n)
	}
}

func FuzzEvent(f *testing.F) {
	f.Add(`{"number": 3, "pull_request": {"number": 3, "head": {"sha": "abc"}}}`)
	f.Add(`{"workflow_run": {"pull_requests": [null]}}`)
	f.Fuzz(func(t *testing.T, event string) {
		j, err := jobFrom(t, nil, event)
		if err == nil && j.Pull < 0 && !strings.Contains(event, "-") {
			t.Errorf("pull request %d", j.Pull)
		}
	})
}
