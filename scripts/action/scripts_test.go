package action_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/test/lanes"
)

// actionScript runs one of the action's scripts in a folder, with its own environment, and
// returns what it printed and the outputs it set.
func actionScript(t *testing.T, name, dir string, env ...string) (said string, outputs map[string]string, exit int) {
	t.Helper()
	tmp := t.TempDir()
	file := filepath.Join(tmp, "output")
	write(t, file, "")
	cmd := exec.CommandContext(t.Context(), filepath.Join(lanes.Root(t), "scripts", "action", name))
	cmd.Dir = dir
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + tmp, "GITHUB_OUTPUT=" + file, "GITHUB_PATH=" + filepath.Join(tmp, "path"),
		"RUNNER_TEMP=" + tmp, "GITHUB_ACTION_PATH=" + lanes.Root(t), "GITHUB_SERVER_URL=http://127.0.0.1:1", "GITHUB_TOKEN=" + token,
	}, env...)
	out, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	check(t, err)
	outputs = map[string]string{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		outputs[key] = value
	}
	return string(out), outputs, cmd.ProcessState.ExitCode()
}

// The release that the action's ref stands for. Pinning to a commit gives the release of that
// commit; a branch, or a commit without a release, is built from source.
func TestActionFindsItsRelease(t *testing.T) {
	lanes.Heavy(t, "takes some seconds")
	url := serveRelease(t)
	refs := strings.Fields(git(t, t.TempDir(), "ls-remote", url+"/flakeci/flakeci"))
	commits := map[string]string{}
	for i := 0; i+1 < len(refs); i += 2 {
		commits[refs[i+1]] = refs[i]
	}
	for name, tt := range map[string]struct{ version, ref, want string }{
		"tag":              {ref: "v0.9.1", want: "v0.9.1"},
		"moving tag":       {ref: "v0", want: "v0.9.1"},
		"light tag":        {ref: "v0.8.0", want: "v0.8.0"},
		"commit":           {ref: commits["refs/tags/v0^{}"], want: "v0.9.1"},
		"commit of none":   {ref: commits["refs/heads/main"]},
		"branch":           {ref: "main"},
		"local":            {},
		"asked for":        {version: "v0.8.0", ref: "main", want: "v0.8.0"},
		"source asked for": {version: "source", ref: "v0.9.1"},
	} {
		said, outputs, exit := actionScript(t, "plan", t.TempDir(), "GITHUB_SERVER_URL="+url,
			"VERSION="+tt.version, "ACTION_REF="+tt.ref, "ACTION_REPOSITORY=flakeci/flakeci")
		if exit != 0 || outputs["release"] != tt.want || (outputs["sources"] == "") != (tt.want != "") {
			t.Errorf("%s: exit %d, %v, want release %q\n%s", name, exit, outputs, tt.want, said)
		}
	}
	if said, outputs, exit := actionScript(t, "plan", t.TempDir(), "ACTION_REF=v0.9.1", "ACTION_REPOSITORY=flakeci/flakeci"); exit != 0 || outputs["release"] != "" {
		t.Errorf("without GitHub: exit %d, %v\n%s", exit, outputs, said)
	}
	if said, _, exit := actionScript(t, "plan", t.TempDir(), "VERSION=v1.0.0/../evil"); exit != 1 {
		t.Errorf("an evil version: exit %d\n%s", exit, said)
	}
}

func TestActionInstallsARelease(t *testing.T) {
	url := serveRelease(t)
	install := func(bin, url, release string) (string, int) {
		said, _, exit := actionScript(t, "install", t.TempDir(), "BIN="+bin, "RELEASE="+release, "SOURCES=",
			"GITHUB_SERVER_URL="+url, "ACTION_REPOSITORY=flakeci/flakeci")
		return said, exit
	}
	bin := filepath.Join(t.TempDir(), "bin")
	if said, exit := install(bin, url, "v0.9.1"); exit != 0 || !strings.Contains(said, "flakeci v0.9.1") {
		t.Errorf("exit %d\n%s", exit, said)
	}
	if said, exit := install(filepath.Join(t.TempDir(), "bin"), url, "v0.8.0"); exit != 1 || !strings.Contains(said, "::error::") {
		t.Errorf("a release without binaries: exit %d\n%s", exit, said)
	}
	name := "flakeci_" + runtime.GOOS + "_" + runtime.GOARCH
	for what, sums := range map[string]string{
		"another sum": strings.Repeat("0", 64) + "  " + name + "\n",
		"no sum":      strings.Repeat("0", 64) + "  flakeci_plan9_amd64\n",
	} {
		root := t.TempDir()
		write(t, filepath.Join(root, "flakeci/flakeci/releases/download/v0.9.1", name), "#!/bin/sh\necho owned\n")
		write(t, filepath.Join(root, "flakeci/flakeci/releases/download/v0.9.1/checksums.txt"), sums)
		bin := filepath.Join(t.TempDir(), "bin")
		said, exit := install(bin, serveFiles(t, root), "v0.9.1")
		if _, err := os.Stat(filepath.Join(bin, "flakeci")); exit != 1 || err == nil || strings.Contains(said, "owned") {
			t.Errorf("%s: exit %d, %v\n%s", what, exit, err, said)
		}
	}
}

// runInputs returns the default inputs of the action, and then more.
func runInputs(t *testing.T, more ...string) []string {
	t.Helper()
	bin := t.TempDir()
	write(t, filepath.Join(bin, "flakeci"), "#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
	inputs := []string{"BIN=" + bin, "NAME=flakeci-report", "FLAKE=.", "VMS=none", "COMMENT=auto", "ISSUE=auto", "CHANGED_ONLY=false", "EVAL_ONLY=false"}
	for _, name := range []string{"HOSTS", "USERS", "KINDS", "PUSH", "BASE", "MAX_JOBS", "PLAN", "SHARD", "MERGE", "CONFIG", "MORE_ARGS", "REPORT", "EXTRA_NIX_CONFIG", "PR_HEAD", "EVENT_BASE"} {
		inputs = append(inputs, name+"=")
	}
	return append(inputs, more...)
}

// How the inputs become arguments. Nothing in them is run or expanded.
func TestActionArguments(t *testing.T) {
	fixed := "run --artifacts flakeci-report --json flakeci-report/report.json --junit flakeci-report/junit.xml --markdown flakeci-report/report.md --html flakeci-report/report.html --trace flakeci-report/trace.json --comment=auto --issue=auto "
	for name, tt := range map[string]struct {
		inputs []string
		want   string // separated by spaces
	}{
		"none":                     {nil, "--vm=none -- ."},
		"vms of the configuration": {[]string{"VMS=config"}, "-- ."},
		"lists":                    {[]string{"HOSTS=reason\nlaptop", "USERS= joachim ", "KINDS=nixos home", "PUSH=cachix:ours s3://ours?region=eu", "VMS=all"}, "--host=reason --host=laptop --user=joachim --kind=nixos --kind=home --push=cachix:ours --push=s3://ours?region=eu --vm=all -- ."},
		"switches":                 {[]string{"EVAL_ONLY=true", "CHANGED_ONLY=true", "BASE=main", "SHARD=1/4", "CONFIG=a b.toml"}, "--vm=none --eval-only --shard=1/4 --config=a b.toml --base=main --changed-only -- ."},
		"args":                     {[]string{"MORE_ARGS=--option substituters \"\"\n--cell 'a b'"}, "--vm=none --option substituters  --cell a b -- ."},
		"no base":                  {[]string{"BASE=none", "EVENT_BASE=0123456789012345678901234567890123456789"}, "--vm=none -- ."},
		"hostile": {[]string{"HOSTS=$(touch owned) `touch owned` * --impure", "MORE_ARGS=$(touch owned) ; touch owned", "FLAKE=--impure"},
			"--host=$(touch --host=owned) --host=`touch --host=owned` --host=* --host=--impure --vm=none $(touch owned) ; touch owned -- --impure"},
	} {
		dir := t.TempDir()
		said, outputs, exit := actionScript(t, "run", dir, runInputs(t, tt.inputs...)...)
		got := strings.ReplaceAll(strings.TrimSuffix(said, "\n"), "\n", " ")
		want := fixed + tt.want
		if strings.Contains(want, "--shard=1/4") {
			want = strings.ReplaceAll(want, "flakeci-report", "flakeci-report-1-of-4")
		}
		if exit != 0 || got != want || !strings.HasPrefix(outputs["folder"], "flakeci-report") {
			t.Errorf("%s: exit %d, %v\n%s\nwant\n%s", name, exit, outputs, got, want)
		}
		if _, err := os.Stat(filepath.Join(dir, "owned")); err == nil {
			t.Errorf("%s: an input was run", name)
		}
	}
	for name, tt := range map[string]struct {
		inputs    []string
		name, key string
	}{
		"a shard":              {[]string{"SHARD=1/4"}, "flakeci-report-1-of-4", ""},
		"an entry of a matrix": {[]string{"SHARD={\n  \"shard\": \"3/6\",\n  \"name\": \"x86_64-linux-1-of-4\",\n  \"cells\": [\"nixos/a b\"]\n}"}, "flakeci-report-x86_64-linux-1-of-4", ""},
		"a name of its own":    {[]string{"SHARD=1/4", "NAME=mine"}, "mine-1-of-4", "--comment-key=mine-1-of-4\n"},
		"a later attempt":      {[]string{"SHARD=1/4", "GITHUB_RUN_ATTEMPT=2"}, "flakeci-report-1-of-4-attempt-2", ""},
		"named, and later":     {[]string{"SHARD=1/4", "NAME=mine", "GITHUB_RUN_ATTEMPT=12"}, "mine-1-of-4-attempt-12", "--comment-key=mine-1-of-4\n"},
		"a hostile name":       {[]string{`SHARD={"name": "../elsewhere"}`}, "flakeci-report", ""},
	} {
		said, outputs, exit := actionScript(t, "run", t.TempDir(), runInputs(t, tt.inputs...)...)
		shard := strings.TrimPrefix(tt.inputs[0], "SHARD=")
		if exit != 0 || outputs["folder"] != tt.name || outputs["report"] != tt.name+"/report.json" ||
			!strings.Contains(said, "--shard="+shard+"\n") || strings.Contains(said, "--comment-key") != (tt.key != "") || !strings.Contains(said, tt.key) {
			t.Errorf("%s: exit %d, %v\n%s", name, exit, outputs, said)
		}
	}
	for name, inputs := range map[string][]string{
		"folder elsewhere":  {"NAME=../elsewhere"},
		"folder as option":  {"NAME=-p"},
		"folder taken":      {"NAME=taken"},
		"neither yes or no": {"EVAL_ONLY=yes"},
		"half a quote":      {"MORE_ARGS=--host 'reason"},
		"plan without part": {"PLAN=flakeci-plan"},
		"plan and merge":    {"MAX_JOBS=4", "MERGE=."},
		"plan of no builds": {"MAX_JOBS=4", "EVAL_ONLY=true"},
		"shard and merge":   {"SHARD=1/2", "MERGE=."},
		"nothing to merge":  {"MERGE=."},
		"no such folder":    {"MERGE=nowhere"},
	} {
		dir := t.TempDir()
		check(t, os.Symlink(t.TempDir(), filepath.Join(dir, "taken")))
		if said, _, exit := actionScript(t, "run", dir, runInputs(t, inputs...)...); exit != 2 || !strings.Contains(said, "::error::") {
			t.Errorf("%s: exit %d\n%s", name, exit, said)
		}
	}
}

// Addresses of caches may have passwords, which are no business of what flakeci runs.
func TestActionKeepsPushOutOfTheEnvironment(t *testing.T) {
	bin := t.TempDir()
	write(t, filepath.Join(bin, "flakeci"), "#!/bin/sh\nenv\n")
	said, _, exit := actionScript(t, "run", t.TempDir(), runInputs(t, "BIN="+bin, "PUSH=https://me:pushpw1@cache.example.org", "MORE_ARGS=--push https://me:pushpw2@cache.example.org")...)
	if exit != 0 || !strings.Contains(said, "PATH=") || strings.Contains(said, "pushpw") {
		t.Errorf("exit %d\n%s", exit, said)
	}
}

// A plan, a shard of it, and the merge of their reports. Only the merge comments by default.
func TestActionShards(t *testing.T) {
	const entry = `SHARD={"shard": "1/2", "name": "x86_64-linux-1-of-2"}`
	for name, tt := range map[string]struct {
		inputs    []string
		folder    string
		overwrite string
		want      []string // begins and ends the arguments
	}{
		"plan":          {[]string{"MAX_JOBS=8", "HOSTS=reason"}, "flakeci-plan", "", []string{"plan --max-jobs=8 --output flakeci-plan --host=reason", "-- ."}},
		"plan again":    {[]string{"MAX_JOBS=8", "GITHUB_RUN_ATTEMPT=2"}, "flakeci-plan", "true", []string{"plan --max-jobs=8 --output flakeci-plan "}},
		"a named plan":  {[]string{"MAX_JOBS=8", "NAME=mine"}, "mine", "", []string{"plan --max-jobs=8 --output mine "}},
		"plan, no push": {[]string{"MAX_JOBS=8", "PUSH=cachix:ours"}, "flakeci-plan", "", []string{"plan --max-jobs=8 --output flakeci-plan --vm=none -- ."}},
		"shard, pushed": {[]string{"PLAN=p", entry, "PUSH=cachix:ours attic:ours"}, "flakeci-report-x86_64-linux-1-of-2", "", []string{" --push=cachix:ours --push=attic:ours "}},
		"shard":         {[]string{"PLAN=p", entry}, "flakeci-report-x86_64-linux-1-of-2", "", []string{"run --artifacts flakeci-report-x86_64-linux-1-of-2 --plan=p --json", "--comment=never --issue=never"}},
		"shard, asked":  {[]string{"PLAN=p", entry, "COMMENT=always", "ISSUE=always"}, "flakeci-report-x86_64-linux-1-of-2", "", []string{"--comment=always --issue=always"}},
		"merge":         {[]string{"MERGE=shards"}, "flakeci-report", "", []string{"report --artifacts . --json HERE/flakeci-report/report.json", "--comment=auto --issue=auto -- a/report.json b-attempt-2/report.json"}},
		"merge again":   {[]string{"MERGE=shards", "GITHUB_RUN_ATTEMPT=2"}, "flakeci-report", "true", []string{"-- a/report.json b-attempt-2/report.json"}},
		"only one":      {[]string{"MERGE=one"}, "flakeci-report", "", []string{"report --artifacts a --json", "-- a/report.json"}},
		"one, directly": {[]string{"MERGE=one/a"}, "flakeci-report", "", []string{"report --artifacts . --json", "-- report.json"}},
		"named":         {[]string{"MERGE=shards", "NAME=mine"}, "mine", "", []string{"--comment-key=mine -- a/report.json"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, file := range []string{"shards/a/report.json", "shards/a/logs/report.json", "shards/b-attempt-2/report.json", "shards/-x/other.json", "one/a/report.json"} {
				write(t, filepath.Join(dir, file), "{}")
			}
			check(t, os.MkdirAll(filepath.Join(dir, "shards", "link"), 0o755))
			check(t, os.Symlink("../a/report.json", filepath.Join(dir, "shards", "link", "report.json")))
			check(t, os.Symlink("../one/a", filepath.Join(dir, "shards", "linked")))
			said, outputs, exit := actionScript(t, "run", dir, runInputs(t, tt.inputs...)...)
			got := strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(said), "\n", " "), dir, "HERE")
			if exit != 0 || outputs["folder"] != tt.folder || outputs["report"] != tt.folder+"/report.json" || outputs["overwrite"] != tt.overwrite {
				t.Errorf("exit %d, %v\n%s", exit, outputs, said)
			}
			if strings.Contains(got, "link") {
				t.Errorf("a link was followed: %s", got)
			}
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("%s\nhas no\n%s", got, want)
				}
			}
		})
	}
}

// The action publishes another run's report, and its verdict is not that of this job.
func TestActionReport(t *testing.T) {
	bin := t.TempDir()
	for name, tt := range map[string]struct {
		script string
		exit   int
	}{
		"red":        {`echo verdict=failed >>"$GITHUB_OUTPUT"; exit 1`, 0},
		"green":      {`echo verdict=passed >>"$GITHUB_OUTPUT"`, 0},
		"of another": {`echo verdict=passed >>"$GITHUB_OUTPUT"; exit 3`, 3}, // a comment that another report has
		"unreadable": {`exit 3`, 3},
	} {
		write(t, filepath.Join(bin, "flakeci"), "#!/bin/sh\n"+tt.script+"\n")
		said, _, exit := actionScript(t, "run", t.TempDir(), runInputs(t, "BIN="+bin, "REPORT=/r/report.json")...)
		if exit != tt.exit {
			t.Errorf("%s: exit %d, want %d\n%s", name, exit, tt.exit, said)
		}
	}
}

// GitHub cancels a job by a signal to the one process that it started, which must be flakeci.
func TestActionIsCanceled(t *testing.T) {
	lanes.Heavy(t, "waits for time limits")
	bin, script := t.TempDir(), filepath.Join(t.TempDir(), "step.sh")
	write(t, filepath.Join(bin, "flakeci"), "#!/bin/sh\ntrap 'kill $!; echo interrupted' INT\necho begun\nsleep 10 >/dev/null 2>&1 &\nwait\n")
	for _, s := range steps(t, filepath.Join(lanes.Root(t), "action.yml")) {
		if strings.Contains(s.Run, "scripts/action/run") {
			write(t, script, s.Run)
		}
	}
	cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script)
	cmd.Dir = t.TempDir()
	cmd.Env = append(runInputs(t, "BIN="+bin), "PATH="+os.Getenv("PATH"), "GITHUB_ACTION_PATH="+lanes.Root(t), "GITHUB_OUTPUT=/dev/null")
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	said := bufio.NewReader(out)
	_, err = said.ReadString('\n')
	check(t, err)
	check(t, cmd.Process.Signal(os.Interrupt))
	if line, _ := said.ReadString('\n'); line != "interrupted\n" {
		t.Error("flakeci does not hear of it")
	}
	_ = cmd.Wait() // its exit code does not matter
}

func TestActionFreesDisk(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"opt/ghc/big", "usr/local/julia1.11/big", "opt/hostedtoolcache/go/keep", "opt/hostedtoolcache/CodeQL/big"} {
		write(t, filepath.Join(root, name), "x")
	}
	out, err := exec.CommandContext(t.Context(), filepath.Join(lanes.Root(t), "scripts", "action", "free-disk"), root).CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "free: ") {
		t.Errorf("%v\n%s", err, out)
	}
	left, err := filepath.Glob(filepath.Join(root, "*/*/*/*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != "keep" {
		t.Errorf("left: %v", left)
	}
	if said, _, exit := actionScript(t, "free-disk", root); exit != 0 || !strings.Contains(said, "nothing is deleted") {
		t.Errorf("on a machine that is not GitHub's: exit %d\n%s", exit, said)
	}
}
