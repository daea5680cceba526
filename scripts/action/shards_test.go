package action_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/flakeci/flakeci/internal/test/fakehub"
	"github.com/flakeci/flakeci/internal/test/lanes"
)

const shardsFile = ".github/workflows/shards.yml"

// shards is a pull request to a fleet of two hosts, for which shards.yml makes a job each. The host
// b builds only if the file mark is there, which no evaluation sees.
type shards struct {
	*workflow
	hub  *hub
	mark string
	env  []string
	runs int
}

func newShards(t *testing.T) *shards {
	t.Helper()
	s := &shards{mark: filepath.Join(t.TempDir(), "mark")}
	s.workflow = pullRequest(t, func(dir string) {
		check(t, os.CopyFS(filepath.Join(dir, ".github", "workflows"), os.DirFS(filepath.Join(lanes.Root(t), "examples", "workflows"))))
		write(t, filepath.Join(dir, "flake.nix"), s.flake(""))
	}, func(dir string) { write(t, filepath.Join(dir, "flake.nix"), s.flake("first")) })
	s.workflow.env = append(s.workflow.env, "HOME="+t.TempDir(), "GITHUB_SERVER_URL="+serveRelease(t))
	s.begin(t)
	return s
}

// flake returns a flake.nix. Nothing of it was built before with the same salt in another test.
func (s *shards) flake(salt string) string {
	return fmt.Sprintf(`{
  outputs = _:
    let
      host = name: script: {
        config.system.build.toplevel = derivation {
          inherit name; system = "x86_64-linux"; builder = "/bin/sh";
          args = [ "-c" "echo says ${name}; ${script} && echo %s %s >$out" ];
        };
      };
    in
    { nixosConfigurations = { a = host "a" ":"; b = host "b" "[ -e %s ]"; }; };
}
`, salt, s.mark, s.mark)
}

// next makes a commit with another salt, and begins a workflow run.
func (s *shards) next(t *testing.T, salt string) {
	t.Helper()
	write(t, filepath.Join(s.checkout, "flake.nix"), s.flake(salt))
	git(t, s.checkout, "commit", "-qam", salt)
	s.begin(t)
}

// begin begins another workflow run, on another GitHub.
func (s *shards) begin(t *testing.T) {
	t.Helper()
	s.runs++
	s.left, s.hub = t.TempDir(), newHub(t, s.workflow)
	s.env = []string{"GITHUB_API_URL=" + s.hub.url, fmt.Sprint("GITHUB_RUN_ID=", s.runs)}
}

// run runs the workflow and checks what is left of it: one comment and one check run, by the report
// job, which fails unless all passed.
func (s *shards) run(t *testing.T, file, verdict, conclusion string, attempt int, comment ...string) ran {
	t.Helper()
	job := s.act(t, "pull_request", file, "flakeci", append(slices.Clone(s.env), fmt.Sprint("GITHUB_RUN_ATTEMPT=", attempt))...)
	s.hub.sane(t)
	result := map[bool]string{true: "success", false: "failure"}[verdict == "passed"]
	if got := job.outputs["2.verdict"]; got != verdict || job.results["flakeci"] != result {
		t.Fatalf("verdict %q, jobs %v, want %s and %s\n%s", got, job.results, verdict, result, job.log)
	}
	has(t, "the comment", s.hub.comment(t, job.log), comment...)
	checks := s.hub.CheckRuns()
	if len(checks) != attempt || checks[attempt-1].SHA != s.head || checks[attempt-1].Conclusion != conclusion {
		t.Errorf("check runs %+v, want %d, the last one a %s", checks, attempt, conclusion)
	}
	return job
}

// artifacts lists the artifacts of the workflow run.
func (s *shards) artifacts(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.left, "flakeci-*"))
	check(t, err)
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	return found
}

// rerun writes a workflow file that runs what "Re-run failed jobs" does after a leg failed: that leg
// and the report. What the plan said stays.
func (s *shards) rerun(t *testing.T, before ran, leg string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.checkout, shardsFile))
	check(t, err)
	var file map[string]any
	check(t, yaml.Unmarshal(text, &file))
	var matrix struct {
		Include []map[string]any `json:"include"`
	}
	decode(t, []byte(before.outputs["plan.matrix"]), &matrix)
	matrix.Include = slices.DeleteFunc(matrix.Include, func(e map[string]any) bool { return e["name"] != leg })
	only, err := json.Marshal(matrix)
	check(t, err)
	jobs := file["jobs"].(map[string]any)
	jobs["plan"].(map[string]any)["steps"] = []map[string]any{{
		"id": "plan", "run": `printf 'matrix=%s\njobs=%s\n' "$MATRIX" "$JOBS" >>"$GITHUB_OUTPUT"`,
		"env": map[string]string{"MATRIX": string(only), "JOBS": before.outputs["plan.jobs"]},
	}}
	text, err = yaml.Marshal(file)
	check(t, err)
	write(t, filepath.Join(s.checkout, ".github", "workflows", "rerun.yml"), string(text))
	return ".github/workflows/rerun.yml"
}

// One job plans, two build, and one reports: the only one that comments and makes a check run.
func TestActionOnShards(t *testing.T) {
	lanes.Heavy(t, "runs workflows with act")
	s := newShards(t)
	write(t, s.mark, "")
	job := s.run(t, shardsFile, "passed", "success", 1, "3 machines", "| `a` |", "| `b` |")
	want := []string{"flakeci-plan", "flakeci-report", "flakeci-report-x86_64-linux-1-of-2", "flakeci-report-x86_64-linux-2-of-2"}
	if got := s.artifacts(t); !slices.Equal(got, want) || job.outputs["plan.jobs"] != "2" {
		t.Errorf("artifacts %q, want %q; %v", got, want, job.outputs)
	}

	// Everything is in the store, so there is nothing to build.
	s.begin(t)
	job = s.run(t, shardsFile, "passed", "success", 1)
	if job.outputs["plan.jobs"] != "0" || job.results["build"] == "success" || len(s.artifacts(t)) != 2 {
		t.Errorf("artifacts %q, %v, %v", s.artifacts(t), job.outputs, job.results)
	}

	// A leg fails. The log in its artifact is in the page. Only the leg and the report run again.
	check(t, os.Remove(s.mark))
	s.next(t, "second")
	job = s.run(t, shardsFile, "failed", "failure", 1, "b failed to build")
	page, err := os.ReadFile(filepath.Join(s.left, "flakeci-report", "report.html"))
	check(t, err)
	has(t, "the page", string(page), "says b")
	write(t, s.mark, "")
	s.run(t, s.rerun(t, job, s.legOf(t, job, "nixos/b")), "passed", "success", 2, "flaky", "| `a` |")

	// A leg that leaves no artifact is an error, until it runs again.
	s.next(t, "third")
	write(t, filepath.Join(s.left, "no-quota"), "flakeci-report-x86_64-linux-2-of-2\n")
	job = s.run(t, shardsFile, "error", "failure", 1, "shard `2/2` is missing", "| `a` |", "| `b` |")
	s.run(t, s.rerun(t, job, "x86_64-linux-2-of-2"), "passed", "success", 2)

	// A flake that cannot be read has no cells to plan, and the plan is red.
	write(t, filepath.Join(s.checkout, "flake.nix"), "{")
	git(t, s.checkout, "commit", "-qam", "broken")
	s.begin(t)
	s.run(t, shardsFile, "failed", "failure", 1, "syntax error")
}

// In a fork, no job may write. The merged report is the artifact that forks-comment.yml comments with.
func TestActionOnAForksShards(t *testing.T) {
	lanes.Heavy(t, "runs workflows with act")
	s := newShards(t)
	text, err := os.ReadFile(filepath.Join(s.checkout, shardsFile))
	check(t, err)
	write(t, filepath.Join(s.checkout, shardsFile), strings.Replace(string(text), "merge: shards\n", "merge: shards\n          comment: never\n", 1))
	git(t, s.checkout, "commit", "-qam", "never comment")
	s.hub.Rights.ReadOnly = true
	job := s.act(t, "pull_request", shardsFile, "flakeci", s.env...)
	if job.results["flakeci"] != "failure" || job.outputs["2.verdict"] != "failed" || len(s.hub.written()) > 0 {
		t.Fatalf("%v, %v, tried %q\n%s", job.results, job.outputs, s.hub.written(), job.log)
	}
	github := newHub(t, s.workflow)
	s.event = afterFork(s.event, s.head)
	github.AddPull(fakehub.Pull{Number: 9, Head: s.head, Base: s.base, Fork: "eve"})
	job = s.act(t, "workflow_run", ".github/workflows/forks-comment.yml", "comment", "GITHUB_API_URL="+github.url)
	comments := github.Comments(9)
	if job.err != nil || len(comments) != 1 || len(github.CheckRuns()) != 1 || len(github.Comments(7)) > 0 {
		t.Fatalf("%v: comments %+v\n%s", job.err, comments, job.log)
	}
	has(t, "the comment", comments[0].Body, "b failed to build", "| `a` |", "3 machines")
}

// The stand-ins for artifacts refuse names that GitHub refuses, and a name that is taken.
func TestArtifacts(t *testing.T) {
	left, folder := t.TempDir(), t.TempDir()
	write(t, filepath.Join(folder, "logs", "a.log"), "a")
	run := func(program string, env ...string) error {
		cmd := exec.CommandContext(t.Context(), filepath.Join("testdata", program))
		cmd.Env = append(os.Environ(), append([]string{"STAND_INS=" + left, "FOLDER=" + folder, "OTHER_RUN="}, env...)...)
		return cmd.Run()
	}
	const upload, download = "upload-artifact/upload", "download-artifact/download"
	for i, step := range []struct {
		program string
		env     []string
		works   bool
	}{
		{upload, []string{"ARTIFACT=r-1", "OVERWRITE=false"}, true},
		{upload, []string{"ARTIFACT=r-1", "OVERWRITE=false"}, false},
		{upload, []string{"ARTIFACT=r-1", "OVERWRITE=true"}, true},
		{upload, []string{"ARTIFACT=1/4", "OVERWRITE=false"}, false},
		{upload, []string{"ARTIFACT=a:b", "OVERWRITE=false"}, false},
		{download, []string{"ARTIFACT=", "PATTERN=r-*", "FOLDER=" + filepath.Join(left, "one")}, true},
		{upload, []string{"ARTIFACT=r-2", "OVERWRITE=false"}, true},
		{download, []string{"ARTIFACT=", "PATTERN=r-*", "FOLDER=" + filepath.Join(left, "two")}, true},
		{download, []string{"ARTIFACT=r-3", "PATTERN="}, false},
		{download, []string{"ARTIFACT=r-1", "PATTERN=", "OTHER_RUN=7", "GITHUB_TOKEN="}, false},
	} {
		if err := run(step.program, step.env...); (err == nil) != step.works {
			t.Errorf("step %d: %v", i, err)
		}
	}
	for _, file := range []string{"one/logs/a.log", "two/r-1/logs/a.log", "two/r-2/logs/a.log"} {
		if _, err := os.Stat(filepath.Join(left, file)); err != nil {
			t.Error(err)
		}
	}
	write(t, filepath.Join(folder, "a:b"), "a")
	if run(upload, "ARTIFACT=r-4", "OVERWRITE=false") == nil {
		t.Error("a file with a colon in its name was uploaded")
	}
}

// legOf returns the name of the leg with a cell.
func (s *shards) legOf(t *testing.T, job ran, cell string) string {
	t.Helper()
	var matrix struct {
		Include []struct {
			Name  string
			Cells []string
		}
	}
	decode(t, []byte(job.outputs["plan.matrix"]), &matrix)
	for _, leg := range matrix.Include {
		if slices.Contains(leg.Cells, cell) {
			return leg.Name
		}
	}
	t.Fatalf("no leg has %s: %+v", cell, matrix)
	return ""
}
