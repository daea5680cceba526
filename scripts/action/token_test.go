package action_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/test/lanes"
)

// tokenWorkflow installs Nix through the action or, as many workflows do, before it.
const tokenWorkflow = `
on: pull_request
jobs:
  installs:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
      - uses: flakeci/flakeci@v0
        with: { extra-nix-config: access-tokens = example.org=of-the-owner }
  installed:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
      - uses: cachix/install-nix-action@630ae543ea3a38a9a4166f03376c02c50f408342
      - uses: flakeci/flakeci@v0
        with: { extra-nix-config: 'access-tokens = example.org=of-the-owner github.com=${{ github.token }}' }
`

// When flakeci runs, the job's token is in no file and no environment that the tested code
// could read: neither where Nix was installed, by the action or before it, nor where the
// checkout kept it. The owner's own tokens for private inputs still work.
func TestActionHidesTheToken(t *testing.T) {
	lanes.Heavy(t, "runs a workflow with act")
	release := serveRelease(t)
	header := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token))
	for _, job := range []string{"installs", "installed"} {
		w := fleet(t, func(dir string) {
			write(t, filepath.Join(dir, ".github", "workflows", "token.yml"), tokenWorkflow)
		})
		// As actions/checkout leaves it by default.
		git(t, w.checkout, "config", "http."+release+"/.extraheader", "AUTHORIZATION: basic "+header)
		write(t, filepath.Join(w.left, "secrets"), token+"\n"+header+"\n")
		conf := filepath.Join(w.left, "etc")
		w.path = pathWithoutNix(t)
		w.env = []string{"GITHUB_REPOSITORY=joachim/fleet", "NIX_CONF_DIR=" + conf, "STAND_IN_NIX=" + lanes.Newest(t).Nix}
		github := newHub(t, w)
		r := w.act(t, "pull_request", ".github/workflows/token.yml", job, "GITHUB_SERVER_URL="+release, "GITHUB_API_URL="+github.url)
		if r.err != nil || r.outputs["1.verdict"] != "passed" && r.outputs["2.verdict"] != "passed" {
			t.Errorf("%s: %v, %v\n%s", job, r.err, r.outputs, r.log)
		}
		github.comment(t, r.log) // which takes the token
		if _, err := os.Stat(filepath.Join(w.left, "runs")); err != nil {
			t.Errorf("%s: nobody looked for the token: %v", job, err)
		}
		if leaks, err := os.ReadFile(filepath.Join(w.left, "leaks")); err != nil || len(leaks) > 0 {
			t.Errorf("%s: %v, the token is there:\n%s", job, err, leaks)
		}
		if job == "installs" {
			tokens := accessTokens(t, conf)
			if len(tokens) != 1 || tokens["example.org"] != "of-the-owner" {
				t.Errorf("Nix has the tokens %v", tokens)
			}
		}
	}
}

// accessTokens returns the tokens that Nix has from its nix.conf.
func accessTokens(t *testing.T, conf string) map[string]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), lanes.Newest(t).Nix, "config", "show", "--json")
	cmd.Env = append(os.Environ(), "NIX_CONF_DIR="+conf)
	out, err := cmd.Output()
	check(t, err)
	var settings struct {
		Tokens struct{ Value map[string]string } `json:"access-tokens"`
	}
	check(t, json.Unmarshal(out, &settings))
	return settings.Tokens.Value
}

// pathWithoutNix returns a folder with all programs on PATH except Nix.
func pathWithoutNix(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		list, _ := os.ReadDir(dir) // a folder on PATH may not exist
		for _, e := range list {
			if !strings.HasPrefix(e.Name(), "nix") {
				_ = os.Symlink(filepath.Join(dir, e.Name()), filepath.Join(bin, e.Name())) // the first of each name counts
			}
		}
	}
	return bin
}

// Words without the token stay, and so do unrelated files.
func TestActionHidesNothingElse(t *testing.T) {
	home := t.TempDir()
	files := map[string][2]string{
		"conf/nix.conf":            {"a = b\naccess-tokens = gitlab.com=PAT:x github.com=" + token + " example.org=y\nc = d\n", "a = b\naccess-tokens = gitlab.com=PAT:x  example.org=y\nc = d\n"},
		"conf/other":               {"no token\n\n", "no token\n\n"},
		".config/nix/nix.conf":     {"access-tokens = github.com=" + token, "access-tokens = \n"},
		".config/git/credentials":  {"https://x:" + token + "@github.com\nhttps://x:own@example.org\n", "\nhttps://x:own@example.org\n"},
		".config/gh/hosts.yml":     {"github.com:\n    oauth_token: " + token + "\n", "github.com:\n    oauth_token: \n"},
		".netrc":                   {"machine example.org password own\nmachine github.com password " + token + "\n", "machine example.org password own\nmachine github.com password \n"},
		"tmp/git-credentials-x":    {"[http]\n\textraheader = AUTHORIZATION: basic " + base64.StdEncoding.EncodeToString([]byte("x-access-token:"+token)) + "\n", "[http]\n\textraheader = \n"},
		"ws/.git/modules/m/config": {"[a]\n\tb = " + token + "\n", "[a]\n\tb = \n"},
		"ws/a/b/c/d/.git/config":   {"[a]\n\tb = " + token + "\n", "[a]\n\tb = \n"},
		"ws/below/.git/config":     {"[a]\n\tb = AUTHORIZATION: basic other\n", "[a]\n\tb = AUTHORIZATION: basic other\n"},
	}
	for name, text := range files {
		write(t, filepath.Join(home, name), text[0])
	}
	said, _, exit := actionScript(t, "hide-token", home, "JOB_TOKEN="+token, "HOME="+home, "NIX_CONF_DIR="+home+"/conf", "XDG_CONFIG_HOME=", "RUNNER_TEMP="+home+"/tmp", "GITHUB_WORKSPACE="+home+"/ws")
	if exit != 0 || strings.Contains(said, token) {
		t.Errorf("exit %d\n%s", exit, said)
	}
	if strings.Count(said, "::warning::") != 1 || !strings.Contains(said, "/ws/below/.git/config holds a credential") {
		t.Errorf("of a credential that is not the job's:\n%s", said)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(home, name))
		if err != nil || string(got) != want[1] {
			t.Errorf("%s is %q, %v, want %q", name, got, err, want[1])
		}
	}
}
