// Package action_test runs the action, its scripts and the workflows: by themselves,
// and with act, which runs jobs of GitHub Actions on this machine.
package action_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/flakeci/flakeci/internal/test/fakehub"
	"github.com/flakeci/flakeci/internal/test/lanes"
)

// workflow is what act runs: a repository's checkout, as a job in Actions has it,
// and what was left by the stand-ins for other people's actions.
type workflow struct {
	checkout, left string
	origin         string
	base, head     string // commits
	event          map[string]any
	env            []string
	path           string // with the programs of the job, if not all that the tests have
}

// ran is what came of a job.
type ran struct {
	log, summary string
	outputs      map[string]string // by the step's id, a dot, and the name
	err          error
}

// act runs a job of the workflow in a file of the checkout.
func (w *workflow) act(t *testing.T, event, file, job string, env ...string) ran {
	t.Helper()
	root := lanes.Root(t)
	dir := t.TempDir()
	eventFile := filepath.Join(dir, "event.json")
	text, err := json.Marshal(w.event)
	check(t, err)
	write(t, eventFile, string(text))
	args := []string{event, "--json", "--no-cache-server", "--action-offline-mode", "-P", "ubuntu-latest=-self-hosted",
		"--action-cache-path", filepath.Join(dir, "cache"), "-W", file, "-j", job, "-e", eventFile,
		"--env", "STAND_INS=" + w.left, "--env", "GOCACHE=" + goCache(t), "-s", "GITHUB_TOKEN=" + token}
	for _, e := range append(append(w.env, env...), lanes.Env()...) {
		args = append(args, "--env", e)
	}
	for ref, folder := range standIns(t) {
		args = append(args, "--local-repository", ref+"="+folder)
	}
	args = append(args, "--local-repository", "flakeci/flakeci@v0="+w.actionCopy(t))
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, ".cache", "bin", "act"), args...)
	cmd.Dir = w.checkout
	// It keeps its configuration and caches with those of the user, and hands on its
	// environment: this test may run in a job of Actions itself.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(e string) bool { return ofActions.MatchString(e) })
	cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+filepath.Join(dir, "xdg"), "XDG_CONFIG_HOME="+filepath.Join(dir, "xdg"))
	if w.path != "" {
		cmd.Env = append(cmd.Env, "PATH="+w.path)
	}
	out, err := cmd.CombinedOutput()
	r := readAct(out)
	r.err = err
	return r
}

var ofActions = regexp.MustCompile(`^(GITHUB|RUNNER|ACTIONS|INPUT)_`)

// goCache is where Go keeps what it compiled, wherever act has its home.
func goCache(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE").Output()
	check(t, err)
	return strings.TrimSpace(string(out))
}

// token is what the job is given to write with.
const token = "ghs_a-secret-of-the-job"

// readAct takes act's lines apart.
func readAct(out []byte) ran {
	r := ran{outputs: map[string]string{}}
	var log strings.Builder
	for line := range bytes.Lines(out) {
		var l struct {
			Msg, Command, Name, Arg, Content string
			StepID                           []string
		}
		if json.Unmarshal(line, &l) != nil {
			log.Write(line)
			continue
		}
		switch l.Command {
		case "set-output":
			r.outputs[strings.Join(l.StepID, ".")+"."+l.Name] = l.Arg
		case "summary":
			r.summary += l.Content
		}
		log.WriteString(strings.TrimRight(l.Msg, "\n") + "\n")
	}
	r.log = log.String()
	return r
}

var pinRE = regexp.MustCompile(`^([\w-]+/[\w-]+)@([0-9a-f]{40})$`)

// standIns maps each action of others that is used anywhere to its stand-in.
func standIns(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, name := range actionFiles(t) {
		for _, step := range steps(t, name) {
			if m := pinRE.FindStringSubmatch(step.Uses); m != nil {
				folder := filepath.Join("testdata", filepath.Base(m[1]))
				if _, err := os.Stat(folder); err == nil {
					found[step.Uses], err = filepath.Abs(folder)
					check(t, err)
				}
			}
		}
	}
	return found
}

// actionFiles are action.yml and all workflows, ours and those for users.
func actionFiles(t *testing.T) []string {
	t.Helper()
	root := lanes.Root(t)
	files := []string{filepath.Join(root, "action.yml")}
	for _, pattern := range []string{".github/workflows/*.yml", "examples/workflows/*.yml"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		files = append(files, found...)
	}
	return files
}

// step is one of an action or a job.
type step struct {
	Uses, Run string
	Env       map[string]string
	With      map[string]any
}

// steps lists those of all jobs of a workflow, or of a composite action.
func steps(t *testing.T, name string) []step {
	t.Helper()
	text, err := os.ReadFile(name)
	check(t, err)
	var file struct {
		Jobs map[string]struct{ Steps []step }
		Runs struct{ Steps []step }
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	all := file.Runs.Steps
	for _, job := range file.Jobs {
		all = append(all, job.Steps...)
	}
	if len(all) == 0 {
		t.Fatalf("%s has no steps", name)
	}
	return all
}

// A value that is written into a script is code. And a tag of somebody else's
// action can be moved to other code.
func TestWorkflowsInterpolateNothingAndArePinned(t *testing.T) {
	for _, name := range actionFiles(t) {
		for _, s := range steps(t, name) {
			if strings.Contains(s.Run, "${{") {
				t.Errorf("%s: a script has an expression in it:\n%s", name, s.Run)
			}
			ours := s.Uses == "./" || s.Uses == "flakeci/flakeci@v0"
			if s.Uses != "" && !ours && !pinRE.MatchString(s.Uses) {
				t.Errorf("%s: %s is not pinned to a commit", name, s.Uses)
			}
			if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != false {
				t.Errorf("%s: the token stays in the checkout", name)
			}
		}
	}
}

// action.yml, which actionlint does not look at, and the workflows are what GitHub's
// schema for them says.
func TestActionsAreValid(t *testing.T) {
	validator := filepath.Join(lanes.Root(t), ".cache", "npm", "node_modules", "@action-validator", "cli", "cli.mjs")
	validate := func(name string) ([]byte, error) {
		return exec.CommandContext(t.Context(), "node", validator, name).CombinedOutput()
	}
	for _, name := range actionFiles(t) {
		text, err := os.ReadFile(name)
		check(t, err)
		// A permission that is younger than the validator's schema. actionlint knows it.
		known := filepath.Join(t.TempDir(), filepath.Base(name))
		write(t, known, strings.Replace(string(text), "      attestations: write\n", "", 1))
		if out, err := validate(known); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	broken := filepath.Join(t.TempDir(), "action.yml")
	write(t, broken, "name: x\ndescription: y\nruns: { using: composite }\n")
	if out, err := validate(broken); err == nil || !bytes.Contains(out, []byte("/runs/steps")) {
		t.Errorf("an action without steps is valid: %v\n%s", err, out)
	}
}

// actionCopy is this tree as Actions would get it: what git has, and no more.
func (w *workflow) actionCopy(t *testing.T) string {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "action")
	copyTracked(t, copied)
	return copied
}

// copyTracked copies what git knows of, as it stands now.
func copyTracked(t *testing.T, to string) {
	t.Helper()
	root := lanes.Root(t)
	list := git(t, root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	for _, name := range strings.Split(strings.TrimRight(list, "\x00"), "\x00") {
		// Most of the tree, and no part of the program.
		if strings.Contains(name, "testdata/") && !strings.HasPrefix(name, "testdata/inputs/") {
			continue
		}
		st, err := os.Lstat(filepath.Join(root, name))
		if err != nil || !st.Mode().IsRegular() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		check(t, err)
		target := filepath.Join(to, name)
		check(t, os.MkdirAll(filepath.Dir(target), 0o755))
		check(t, os.WriteFile(target, text, st.Mode().Perm()))
	}
}

// git runs git in a folder and gives what it printed.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	id := []string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"}
	cmd := exec.CommandContext(t.Context(), "git", append(id, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return strings.TrimSpace(string(out))
}

// pullRequest is a checkout of GitHub's merge of a pull request, of which only the
// last commit is there. prepare makes the base and change what the pull request
// brings. The base has gone on since the event that GitHub sent.
func pullRequest(t *testing.T, prepare, change func(dir string)) *workflow {
	t.Helper()
	dir := t.TempDir()
	source := filepath.Join(dir, "source")
	w := &workflow{checkout: filepath.Join(dir, "checkout"), origin: filepath.Join(dir, "origin.git"), left: filepath.Join(dir, "left")}
	check(t, os.MkdirAll(source, 0o755))
	check(t, os.Mkdir(w.left, 0o755))
	prepare(source)
	git(t, source, "init", "-q")
	commit := func(message string) string {
		git(t, source, "add", "-A")
		git(t, source, "commit", "-q", "-m", message)
		return git(t, source, "rev-parse", "HEAD")
	}
	stale := commit("first")
	git(t, source, "checkout", "-q", "-b", "change")
	change(source)
	w.head = commit("change")
	git(t, source, "checkout", "-q", "main")
	write(t, filepath.Join(source, "NEWS"), "main went on\n")
	w.base = commit("later")
	git(t, source, "merge", "-q", "--no-ff", "-m", "merge", "change")
	git(t, dir, "clone", "-q", "--bare", source, w.origin)
	git(t, w.origin, "config", "uploadpack.allowAnySHA1InWant", "true")
	git(t, dir, "clone", "-q", "--depth=1", "file://"+w.origin, w.checkout)
	w.event = map[string]any{
		"action": "synchronize", "number": 7,
		"pull_request": map[string]any{
			"number": 7,
			"head":   map[string]any{"sha": w.head, "ref": "change", "repo": map[string]any{"full_name": "joachim/fleet"}},
			"base":   map[string]any{"sha": stale, "ref": "main", "repo": map[string]any{"full_name": "joachim/fleet"}},
		},
		"repository": map[string]any{"full_name": "joachim/fleet", "name": "fleet", "owner": map[string]any{"login": "joachim"}},
	}
	w.env = []string{"GITHUB_REPOSITORY=joachim/fleet", "FLAKECI_NIX=" + lanes.Newest(t).Nix}
	return w
}

// overridesTOML is the table of flakeci.toml that puts stand-ins in the place of
// the example's inputs.
func overridesTOML(t *testing.T) string {
	var b strings.Builder
	b.WriteString("[override-input]\n")
	o := lanes.Overrides(t)
	for i := 0; i+2 < len(o); i += 3 {
		if o[i+1] != "busybox" { // an input of the fixtures
			fmt.Fprintf(&b, "%q = %q\n", o[i+1], o[i+2])
		}
	}
	return b.String()
}

// fleet is a pull request to the example with a user's workflows, just as
// examples/workflows has them.
func fleet(t *testing.T, change func(dir string)) *workflow {
	t.Helper()
	return pullRequest(t, func(dir string) {
		check(t, os.CopyFS(dir, os.DirFS(filepath.Join(lanes.Root(t), "examples", "fleet"))))
		check(t, os.CopyFS(filepath.Join(dir, ".github", "workflows"), os.DirFS(filepath.Join(lanes.Root(t), "examples", "workflows"))))
		write(t, filepath.Join(dir, "flakeci.toml"), overridesTOML(t))
	}, change)
}

// breaksHome is a change that breaks one home.
func breaksHome(t *testing.T) func(dir string) {
	return func(dir string) {
		write(t, filepath.Join(dir, "users", "work", "laptop.nix"), `throw "not on this machine"`)
	}
}

// On a pull request that breaks one home, flakeci comes from a release, the base is
// fetched, the comment, the check run and the summary say what broke, and the reports
// are uploaded though the run is red. The next run leaves the one comment.
func TestActionOnAPullRequest(t *testing.T) {
	lanes.Heavy(t, "runs a workflow with act")
	w := fleet(t, breaksHome(t))
	github := newHub(t, w)
	env := []string{"GITHUB_SERVER_URL=" + serveRelease(t), "GITHUB_API_URL=" + github.url}
	job := w.act(t, "pull_request", ".github/workflows/pull-request.yml", "flakeci", env...)
	if job.err == nil {
		t.Errorf("a red run ended a job green:\n%s", job.log)
	}
	for name, want := range map[string]string{
		"verdict": "failed", "cells": "5", "failed": "1", "errors": "0", "causes": "1", "new-failures": "1",
		"folder": "flakeci-report", "report": "flakeci-report/report.json", "artifact-url": "https://example.org/artifact",
	} {
		if got := job.outputs["1."+name]; got != want {
			t.Errorf("output %s is %q, want %q\n%s", name, got, want, job.log)
		}
	}
	if strings.Contains(job.log, token) {
		t.Error("the token is in the log")
	}
	github.sane(t)
	has(t, "the summary", job.summary, "| `laptop` |", "not on this machine")
	has(t, "the comment", github.comment(t, job.log), "| `laptop` |", "| `reason` |", "not on this machine", "users/work/laptop.nix")
	run := github.check(t, w.head)
	if run.Conclusion != "failure" || len(run.Annotations) != 1 || run.Annotations[0].Path != "users/work/laptop.nix" {
		t.Errorf("the check run is %+v", run)
	}

	w.reported(t)
	w.left = t.TempDir()
	w.act(t, "pull_request", ".github/workflows/pull-request.yml", "flakeci", env...)
	github.sane(t)
	github.comment(t, "after a second run")
}

// reported looks at the artifact.
func (w *workflow) reported(t *testing.T) {
	t.Helper()
	var report struct {
		Tool  struct{ Version string }
		Base  struct{ Ref, Rev, Missing string }
		Cells []struct {
			ID, Status, How string
			Base            struct{ Change, Outcome string }
		}
	}
	for _, name := range []string{"report.html", "report.md", "junit.xml", "trace.json"} {
		if st, err := os.Stat(filepath.Join(w.left, "flakeci-report", name)); err != nil || st.Size() == 0 {
			t.Errorf("the artifact has no %s: %v", name, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(w.left, "flakeci-report", "report.json"))
	check(t, err)
	decode(t, text, &report)
	if report.Tool.Version != "v0.9.1" || report.Base.Rev != w.base || report.Base.Missing != "" {
		t.Errorf("flakeci is %s, the base %+v, want v0.9.1 and %s", report.Tool.Version, report.Base, w.base)
	}
	for _, c := range report.Cells {
		want := "passed unchanged unchanged "
		if c.ID == "home/work@laptop" {
			want = "failed  unknown new-failure"
		}
		if got := strings.Join([]string{c.Status, c.How, c.Base.Change, c.Base.Outcome}, " "); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", c.ID, got, want)
		}
	}
	check(t, filepath.WalkDir(filepath.Join(w.left, "flakeci-report"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		if bytes.Contains(text, []byte(token)) {
			t.Errorf("the token is in %s", name)
		}
		return err
	}))
}

// This project's own job, with `uses: ./`: flakeci is built from the checkout.
func TestActionOnItself(t *testing.T) {
	lanes.Heavy(t, "runs a workflow with act")
	w := pullRequest(t, func(dir string) { copyTracked(t, dir) }, func(dir string) {
		write(t, filepath.Join(dir, "examples", "fleet", "users", "joachim", "more.nix"), "{ }")
	})
	// What scripts/setup busybox finds there is left as it is.
	busybox, err := os.ReadFile(filepath.Join(lanes.Busybox(t), "busybox"))
	check(t, err)
	check(t, os.MkdirAll(filepath.Join(w.checkout, ".cache", "busybox"), 0o755))
	check(t, os.WriteFile(filepath.Join(w.checkout, ".cache", "busybox", "busybox"), busybox, 0o755))
	check(t, os.Remove(filepath.Join(w.checkout, ".gitignore"))) // act copies nothing that is ignored

	github := newHub(t, w)
	job := w.act(t, "pull_request", ".github/workflows/ci.yml", "action", "GITHUB_API_URL="+github.url)
	if job.err != nil || job.outputs["flakeci.verdict"] != "passed" || job.outputs["flakeci.new-failures"] != "0" {
		t.Errorf("%v: %v\n%s", job.err, job.outputs, job.log)
	}
	github.sane(t)
	github.comment(t, job.log)
	if run := github.check(t, w.head); run.Conclusion != "success" {
		t.Errorf("the check run is %+v", run)
	}
	key, err := os.ReadFile(filepath.Join(w.left, "cache-key"))
	if err != nil || !regexp.MustCompile(`^flakeci-Linux-\w+-[0-9a-f]{32}\n$`).Match(key) {
		t.Errorf("the build is cached as %q, %v", key, err)
	}
}

// A fork's job can only read. What it found is commented on by another workflow, on
// the pull request that GitHub names, whatever the artifact says.
func TestActionOnAForksPullRequest(t *testing.T) {
	lanes.Heavy(t, "runs a workflow with act")
	w := fleet(t, breaksHome(t))
	github := newHub(t, w)
	github.Rights.ReadOnly = true
	env := []string{"GITHUB_SERVER_URL=" + serveRelease(t), "GITHUB_API_URL=" + github.url}
	job := w.act(t, "pull_request", ".github/workflows/forks.yml", "flakeci", env...)
	if job.err == nil || job.outputs["1.verdict"] != "failed" || len(github.written()) > 0 {
		t.Fatalf("%v: %v, tried %q\n%s", job.err, job.outputs, github.written(), job.log)
	}
	has(t, "the log", job.log, "::error file=users/work/laptop.nix")
	w.reported(t)

	github = newHub(t, w)
	env[1] = "GITHUB_API_URL=" + github.url
	github.AddPull(fakehub.Pull{Number: 6, Head: w.base, Base: w.base, Fork: "eve"})
	github.AddPull(fakehub.Pull{Number: 8, Head: w.head, Base: w.base, Fork: "mallory"})
	github.AddPull(fakehub.Pull{Number: 9, Head: w.head, Base: w.base, Fork: "eve"})
	w.event = map[string]any{
		"action": "completed", "repository": w.event["repository"],
		"workflow_run": map[string]any{
			"id": 4711, "event": "pull_request", "conclusion": "failure", "head_sha": w.head, "head_branch": "change",
			"head_repository": map[string]any{"full_name": "eve/fleet", "owner": map[string]any{"login": "eve"}}, "pull_requests": []any{},
		},
	}
	job = w.act(t, "workflow_run", ".github/workflows/forks-comment.yml", "comment", env...)
	if job.err != nil || job.outputs["1.verdict"] != "failed" {
		t.Errorf("%v: %v\n%s", job.err, job.outputs, job.log)
	}
	github.sane(t)
	for number := 6; number <= 9; number++ {
		comments := github.Comments(number)
		if len(comments) > 0 != (number == 9) {
			t.Fatalf("comments on %d: %v\n%s", number, comments, job.log)
		}
		if number == 9 {
			has(t, "the comment", comments[0].Body, "| `laptop` |", "not on this machine")
		}
	}
	github.check(t, w.head)
}

// A red night opens an issue.
func TestActionByNight(t *testing.T) {
	lanes.Heavy(t, "runs a workflow with act")
	w := fleet(t, func(dir string) {
		for _, host := range []string{"laptop", "reason"} {
			write(t, filepath.Join(dir, "hosts", host, "default.nix"), `throw "what a night"`)
		}
	})
	w.event = map[string]any{"schedule": "23 3 * * *", "repository": w.event["repository"]}
	github := newHub(t, w)
	job := w.act(t, "schedule", ".github/workflows/nightly.yml", "flakeci", "GITHUB_SERVER_URL="+serveRelease(t), "GITHUB_API_URL="+github.url)
	if job.err == nil || job.outputs["1.verdict"] != "failed" || job.outputs["1.new-failures"] != "" {
		t.Errorf("%v: %v\n%s", job.err, job.outputs, job.log)
	}
	github.sane(t)
	if len(github.Issues()) != 1 || len(github.Comments(7)) > 0 {
		t.Fatalf("issues %v, comments %v\n%s", github.Issues(), github.Comments(7), job.log)
	}
	has(t, "the issue", github.Issues()[0].Body, "what a night")
	if _, err := os.Stat(filepath.Join(w.left, "nightly-report", "report.json")); err != nil {
		t.Error(err)
	}
}

// serveRelease serves the release v0.9.1, which the tag v0 stands for too, as GitHub
// does: a repository to list refs of, and files to download.
func serveRelease(t *testing.T) (url string) {
	t.Helper()
	root := t.TempDir()
	repo := filepath.Join(root, "flakeci", "flakeci")
	source := filepath.Join(t.TempDir(), "source")
	git(t, root, "init", "-q", source)
	git(t, source, "commit", "-q", "--allow-empty", "-m", "old")
	git(t, source, "tag", "v0.8.0")
	git(t, source, "commit", "-q", "--allow-empty", "-m", "release")
	git(t, source, "tag", "v0.9.0-rc1")
	git(t, source, "tag", "-a", "-m", "release", "v0.9.1")
	git(t, source, "tag", "-a", "-m", "moves", "v0")
	git(t, source, "commit", "-q", "--allow-empty", "-m", "after")
	git(t, root, "clone", "-q", "--bare", source, repo)
	git(t, repo, "update-server-info")

	// As the release workflow makes it, for this machine alone.
	build := filepath.Join(t.TempDir(), "build")
	copyTracked(t, build)
	cmd := exec.CommandContext(t.Context(), filepath.Join(build, "scripts", "release"), "v0.9.1", runtime.GOOS+"/"+runtime.GOARCH)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("scripts/release: %v\n%s", err, out)
	}
	check(t, os.CopyFS(filepath.Join(repo, "releases", "download", "v0.9.1"), os.DirFS(filepath.Join(build, "dist"))))
	return serveFiles(t, root)
}

func serveFiles(t *testing.T, root string) (url string) {
	t.Helper()
	server := httptest.NewServer(http.FileServer(http.Dir(root)))
	t.Cleanup(server.Close)
	return server.URL
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	check(t, os.MkdirAll(filepath.Dir(name), 0o755))
	check(t, os.WriteFile(name, []byte(text), 0o755))
}

func decode(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}
