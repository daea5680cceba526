// Package action_test runs the action, its scripts and the workflows, both directly and with
// act, which runs GitHub Actions jobs on this machine.
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

// workflow is what act runs: the checkout of a repository, as a job in Actions has it, and
// the files that the stand-ins for third-party actions left.
type workflow struct {
	checkout, left string
	origin         string
	base, head     string // commits
	event          map[string]any
	env            []string
	path           string // the job's PATH; empty means that of the tests
	action         string // a copy of the action, empty until there is one
}

// ran is the result of a job.
type ran struct {
	log, summary string
	outputs      map[string]string // by step id, a dot, and name
	results      map[string]string // of jobs, by id; that of a matrix is the worst of its legs
	err          error
}

// act runs a job from a workflow file of the checkout, and the jobs that it needs.
func (w *workflow) act(t *testing.T, event, file, job string, env ...string) ran {
	t.Helper()
	root := lanes.Root(t)
	dir := t.TempDir()
	eventFile := filepath.Join(dir, "event.json")
	text, err := json.Marshal(w.event)
	check(t, err)
	write(t, eventFile, string(text))
	args := []string{event, "--json", "--no-cache-server", "--action-offline-mode", "-P", "ubuntu-latest=-self-hosted", "-P", "ubuntu-24.04=-self-hosted",
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
	// act keeps its configuration and caches with those of the user and passes on its
	// environment, and this test may itself run in a job of Actions.
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

// goCache returns Go's build cache, so that act uses it wherever its home is.
func goCache(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE").Output()
	check(t, err)
	return strings.TrimSpace(string(out))
}

// token is the job's token, which can write.
const token = "ghs_a-secret-of-the-job"

// readAct parses act's output.
func readAct(out []byte) ran {
	r := ran{outputs: map[string]string{}, results: map[string]string{}}
	var log strings.Builder
	for line := range bytes.Lines(out) {
		var l struct {
			Msg, Command, Name, Arg, Content string
			JobID, JobResult                 string
			StepID                           []string
		}
		if json.Unmarshal(line, &l) != nil {
			log.Write(line)
			continue
		}
		if l.JobResult != "" && r.results[l.JobID] != "failure" {
			r.results[l.JobID] = l.JobResult
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

// standIns maps each third-party action in use to its stand-in.
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

// actionFiles lists action.yml and all workflows, ours and those for users.
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

// step is a step of an action or a job.
type step struct {
	Uses, Run string
	Env       map[string]string
	With      map[string]any
}

// steps lists the steps of all jobs of a workflow, or of a composite action.
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

// A value written into a script is code, and a tag of a third-party action can be moved to
// other code.
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

// action.yml, which actionlint does not check, and the workflows match GitHub's schema.
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

// actionCopy returns the action as Actions would get it, without the sources of flakeci: act copies
// it for each step, and the jobs install a release.
func (w *workflow) actionCopy(t *testing.T) string {
	t.Helper()
	if w.action == "" {
		w.action = filepath.Join(t.TempDir(), "action")
		copyTracked(t, w.action, "action.yml", "scripts/action", "internal/git/guard")
	}
	return w.action
}

// copyTracked copies the files that git tracks, all or those below some paths, in their current state.
func copyTracked(t *testing.T, to string, paths ...string) {
	t.Helper()
	root := lanes.Root(t)
	list := git(t, root, append([]string{"ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"}, paths...)...)
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

// git runs git in a folder and returns its output.
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

// pullRequest returns a checkout of GitHub's merge of a pull request, with only the last
// commit. prepare makes the base, and change makes the pull request. The base has moved on
// since the event that GitHub sent.
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

// overridesTOML returns the table of flakeci.toml that replaces the example's inputs with
// stand-ins.
func overridesTOML(t *testing.T) string {
	var b strings.Builder
	b.WriteString("[override-input]\n")
	o := lanes.Overrides(t)
	for i := 0; i+2 < len(o); i += 3 {
		if o[i+1] != "busybox" { // an input of the fixtures only
			fmt.Fprintf(&b, "%q = %q\n", o[i+1], o[i+2])
		}
	}
	return b.String()
}

// fleet returns a pull request to the example with the workflows of examples/workflows.
func fleet(t *testing.T, change func(dir string)) *workflow {
	t.Helper()
	return pullRequest(t, func(dir string) {
		check(t, os.CopyFS(dir, os.DirFS(filepath.Join(lanes.Root(t), "examples", "fleet"))))
		check(t, os.CopyFS(filepath.Join(dir, ".github", "workflows"), os.DirFS(filepath.Join(lanes.Root(t), "examples", "workflows"))))
		write(t, filepath.Join(dir, "flakeci.toml"), overridesTOML(t))
	}, change)
}

// breaksHome returns a change that breaks one home.
func breaksHome(t *testing.T) func(dir string) {
	return func(dir string) {
		write(t, filepath.Join(dir, "users", "work", "laptop.nix"), `throw "not on this machine"`)
	}
}

// On a pull request that breaks one home, the action installs a release and fetches the base.
// The comment, the check run and the summary say what broke, and the reports are uploaded
// although the run is red. The next run leaves only one comment.
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

// reported checks the artifact.
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

// This project's own job, with `uses: ./`, builds flakeci from the checkout.
func TestActionOnItself(t *testing.T) {
	lanes.Heavy(t, "runs a workflow with act")
	w := pullRequest(t, func(dir string) { copyTracked(t, dir) }, func(dir string) {
		write(t, filepath.Join(dir, "examples", "fleet", "users", "joachim", "more.nix"), "{ }")
	})
	// scripts/setup busybox leaves alone what it finds there.
	busybox, err := os.ReadFile(filepath.Join(lanes.Busybox(t), "busybox"))
	check(t, err)
	check(t, os.MkdirAll(filepath.Join(w.checkout, ".cache", "busybox"), 0o755))
	check(t, os.WriteFile(filepath.Join(w.checkout, ".cache", "busybox", "busybox"), busybox, 0o755))
	check(t, os.Remove(filepath.Join(w.checkout, ".gitignore"))) // act does not copy ignored files

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

// A fork's job can only read. Another workflow comments with its report, on the pull request
// that GitHub names, whatever the artifact says.
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
	w.event = afterFork(w.event, w.head)
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

// afterFork returns the event of a workflow that runs after the red one for a commit of eve's fork.
func afterFork(event map[string]any, head string) map[string]any {
	return map[string]any{
		"action": "completed", "repository": event["repository"],
		"workflow_run": map[string]any{
			"id": 4711, "event": "pull_request", "conclusion": "failure", "head_sha": head, "head_branch": "change",
			"head_repository": map[string]any{"full_name": "eve/fleet", "owner": map[string]any{"login": "eve"}}, "pull_requests": []any{},
		},
	}
}

// A red nightly run opens an issue.
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

// serveRelease serves the release v0.9.1, to which the tag v0 points, as GitHub does: a
// repository whose refs can be listed, and files to download.
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
