package nix

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/internal/nix/storepath"
	"github.com/flakeci/flakeci/internal/proc"
)

func TestFind(t *testing.T) {
	eachLane(t, func(w *world) {
		if !w.client.Version.Less(Version{3, 0, 0}) || w.client.Version.Less(minVersion()) {
			t.Errorf("version is %s", w.client.Version)
		}
	})
}

func TestFindRejectsOtherPrograms(t *testing.T) {
	dir := t.TempDir()
	files{"text": "#!/bin/sh\n", "folder/x": "", "old": "#!/bin/sh\necho \"nix (Nix) 2.3.16\"\n", "silent": "#!/bin/sh\n", "other": "#!/bin/sh\necho hello world\n", "fails": "#!/bin/sh\necho error: no store >&2\nexit 1\n"}.write(t, dir, strings.NewReplacer())
	for _, name := range []string{"old", "silent", "other", "fails"} {
		if err := os.Chmod(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	for _, path := range []string{dir + "/none", dir + "/text", dir + "/folder", dir + "/silent", dir + "/other", "no-such-program", ""} {
		_, err := Find(t.Context(), Options{Path: path})
		var missing *NotFoundError
		if !errors.As(err, &missing) || path != "" && missing.Path != path {
			t.Errorf("%s: error is %T: %v", path, err, err)
		}
	}
	var old *TooOldError
	if _, err := Find(t.Context(), Options{Path: dir + "/old"}); !errors.As(err, &old) || old.Version != (Version{2, 3, 16}) || !strings.Contains(err.Error(), "needs 2.8.0 or newer") {
		t.Errorf("old: error is %T: %v", err, err)
	}
	var died *proc.Error
	if _, err := Find(t.Context(), Options{Path: dir + "/fails"}); !errors.As(err, &died) || !strings.Contains(err.Error(), "no store") {
		t.Errorf("fails: error is %T: %v", err, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Find(ctx, Options{Path: dir + "/old"}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: error is %v", err)
	}
}

func TestOptionsReachNix(t *testing.T) {
	eachLane(t, func(w *world) {
		builders := "ssh://b armv7l-linux,armv6l-linux - 1"
		c := find(w.T, Options{Path: w.client.path, Settings: [][2]string{{"extra-platforms", "riscv64-linux i686-linux"}}, Builders: &builders})
		m, err := c.Machine(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		for _, system := range []string{m.System, "riscv64-linux", "armv6l-linux", "builtin"} {
			if !m.CanBuild(system) {
				w.Errorf("cannot build for %q: %+v", system, m)
			}
		}
		if m.CanBuild("x86_64-darwin") || m.CanBuild("") {
			w.Errorf("can build for what it cannot: %+v", m)
		}
	})
}

func TestMachine(t *testing.T) {
	testScenarios(t, []scenario{{name: "show-config", settings: [][2]string{{"builders", ""}, {"extra-platforms", "i686-linux"}}, noGit: true, ask: func(w *world) {
		m, err := w.client.Machine(w.Context())
		if want := []string{m.System, "i686-linux"}; err != nil || m.System == "" || !slices.Equal(m.Systems, want) {
			w.Errorf("machine %+v, error %v", m, err)
		}
	}}})
}

// A derivation goes into the store.
func TestDryRunBuildAndLog(t *testing.T) {
	testScenarios(t, []scenario{{name: "build-steps", tracked: toplevel("dep = sh \"dep\" \"echo dep > $out\" { };", "top = sh \"top\" \"echo first; echo second; echo ${dep} > $out\" { };"), ask: func(w *world) {
		in, err := w.host(w.mustOpen(), "bad")
		if err != nil {
			w.Fatal(err)
		}
		plan, err := w.client.DryRun(w.Context(), in.DrvPath)
		if names := drvNames(plan.Build); err != nil || names != "dep top" || plan.Fetch != nil {
			w.Errorf("plan %+v, error %v", plan, err)
		}
		var seen []string
		res, err := w.client.Build(w.Context(), []string{in.DrvPath}, 0, nixlog.BuildWatcher{
			Start: func(drv string) { seen = append(seen, "start "+storepath.Name(drv)) },
			Done:  func(drv string) { seen = append(seen, "done "+storepath.Name(drv)) },
			Log:   func(drv, line string) { seen = append(seen, storepath.Name(drv)+": "+line) },
		})
		if err != nil || res.Failures != nil || res.Victims != nil || drvNames(res.Built) != "dep top" || res.Usage.Wall == 0 {
			w.Errorf("result %+v, error %v", res, err)
		}
		// Older versions do not report that "top" is done, which was asked for.
		if got := strings.TrimSuffix(strings.Join(seen, "|"), "|done top"); got != "start dep|done dep|start top|top: first|top: second" {
			w.Errorf("seen %q", got)
		}
		if plan, err = w.client.DryRun(w.Context(), in.DrvPath); err != nil || plan.Build != nil || plan.Fetch != nil {
			w.Errorf("plan after the build %+v, error %v", plan, err)
		}
		if res, err = w.client.Build(w.Context(), []string{in.DrvPath}, 0, nixlog.BuildWatcher{}); err != nil || res.Built != nil {
			w.Errorf("second build %+v, error %v", res, err)
		}
		var log bytes.Buffer
		if err := w.client.Log(w.Context(), in.DrvPath, &log); err != nil || log.String() != "first\nsecond\n" {
			w.Errorf("log %q, error %v", &log, err)
		}
	}}})
}

// One call returns what several derivations need.
func TestNeeds(t *testing.T) {
	eachLane(t, func(w *world) {
		w.write(toplevel(`dep = sh "dep" "" { };`, `other = sh "other" "" { };`, `top = sh "top" "${dep} ${other}" { };`))
		in, err := w.host(w.mustOpen(), "bad")
		if err != nil {
			w.Fatal(err)
		}
		plan, err := w.client.DryRun(w.Context(), in.DrvPath)
		if err != nil {
			w.Fatal(err)
		}
		needs, err := w.client.Needs(w.Context(), plan.Build)
		if err != nil || len(needs) != 3 || drvNames(needs[in.DrvPath]) != "dep other" {
			w.Errorf("needs are %q, error %v", needs, err)
		}
		if _, err := w.client.Needs(w.Context(), []string{"/nix/store/00000000000000000000000000000000-none.drv"}); err == nil {
			w.Error("a missing derivation has needs")
		}
	})
}

func TestChunksOf(t *testing.T) {
	var got []string
	for chunk := range chunksOf([]string{"aaaa", "b", "c", "dddddddddd", "e"}, 6) {
		got = append(got, strings.Join(chunk, " "))
	}
	if want := []string{"aaaa", "b c", "dddddddddd", "e"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A path that a binary cache has is fetched, not built.
func TestDryRunPlansToFetch(t *testing.T) {
	testScenarios(t, []scenario{{name: "dry-run-fetch", tracked: toplevel("dep = sh \"dep\" \"echo dep > $out\" { };", "top = sh \"top\" \"echo ${dep} > $out\" { };"), ask: func(w *world) {
		in, err := w.host(w.mustOpen(), "bad")
		if err != nil {
			w.Fatal(err)
		}
		if res, err := w.client.Build(w.Context(), []string{in.DrvPath}, 0, nixlog.BuildWatcher{}); err != nil || res.Failures != nil {
			w.Fatalf("result %+v, error %v", res, err)
		}
		cache, out := "file://"+w.scratch+"/binary-cache", in.Outputs["out"]
		for _, k := range []call{
			{sub: []string{"copy"}, args: []string{"--to", cache, out}},
			{sub: []string{"store", "delete"}, args: []string{out}},
		} {
			if _, err := w.client.run(w.Context(), k); err != nil {
				w.Fatal(err)
			}
		}
		w.client.common = append(w.client.common, "--option", "substituters", cache, "--option", "require-sigs", "false")
		plan, err := w.client.DryRun(w.Context(), in.DrvPath)
		if err != nil || plan.Build != nil || len(plan.Fetch) != 1 || plan.Fetch[0] != out {
			w.Errorf("plan %+v, error %v", plan, err)
		}
	}}})
}

func drvNames(drvs []string) string {
	var names []string
	for _, drv := range drvs {
		names = append(names, storepath.Name(drv))
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// A derivation that does not exist is an error or a failure, and never a success.
func TestBuildOfAMissingDerivation(t *testing.T) {
	eachLane(t, func(w *world) {
		drv := "/nix/store/00000000000000000000000000000000-none.drv"
		res, err := w.client.Build(w.Context(), []string{drv}, 0, nixlog.BuildWatcher{})
		if err != nil || len(res.Failures) != 1 || res.Failures[0].Message == "" {
			w.Errorf("result %+v, error %v", res, err)
		}
		if _, err := w.client.DryRun(w.Context(), drv); err == nil {
			w.Error("a dry run of it is green")
		}
		if err := w.client.Log(w.Context(), drv, &bytes.Buffer{}); err == nil {
			w.Error("it has a log")
		}
	})
}

// A line of 5 MB is not lost and does not stop the build.
func TestBuildWithAHugeLine(t *testing.T) {
	const script = "i=0; x=0123456789abcdef; while [ $i -lt 12 ]; do x=$x$x; i=$((i+1)); done; echo $x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x; echo end; exit 1"
	eachLane(t, func(w *world) {
		w.write(toplevel("top = sh \"top\" \"" + script + "\" { };"))
		in, err := w.host(w.mustOpen(), "bad")
		if err != nil {
			w.Fatal(err)
		}
		longest := 0
		res, err := w.client.Build(w.Context(), []string{in.DrvPath}, 0, nixlog.BuildWatcher{Log: func(_, line string) { longest = max(longest, len(line)) }})
		if err != nil || len(res.Failures) != 1 || longest != 80*65536 {
			w.Fatalf("result %+v, longest line %d, error %v", res, longest, err)
		}
		if tail := res.Failures[0].Tail; len(tail) != 2 || len(tail[0]) > 4096 || tail[1] != "end" {
			w.Errorf("tail has %d lines", len(tail))
		}
	})
}

// write replaces the flake in a world without git.
func (w *world) write(f files) {
	w.Helper()
	f.write(w.T, w.dir, strings.NewReplacer("@NONCE@", fmt.Sprint(time.Now().UnixNano())))
}

// interrupted starts a build that takes long, ends its context, and checks that the builder
// ends too.
func (w *world) interrupted(end func(context.Context, func()) (context.Context, func()), want error) {
	w.Helper()
	pidFile := filepath.Join(w.scratch, "pid")
	w.write(toplevel("top = sh \"top\" \"echo $$ > " + pidFile + ".new; /bin/mv " + pidFile + ".new " + pidFile + "; echo started; exec /bin/sleep 600\" { };"))
	in, err := w.host(w.mustOpen(), "bad")
	if err != nil {
		w.Fatal(err)
	}
	started := make(chan struct{})
	ctx, stop := end(w.Context(), func() { <-started })
	defer stop()
	_, err = w.client.Build(ctx, []string{in.DrvPath}, 0, nixlog.BuildWatcher{Log: func(_, line string) {
		if line == "started" {
			close(started)
		}
	}})
	if !errors.Is(err, want) {
		w.Errorf("error is %v, want %v", err, want)
	}
	text, err := os.ReadFile(pidFile)
	if err != nil {
		w.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		w.Fatal(err)
	}
	for range 3000 {
		if syscall.Kill(pid, 0) != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	w.Errorf("the builder %d still runs", pid)
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

func TestCancelEndsNixAndItsBuilder(t *testing.T) {
	eachLane(t, func(w *world) {
		w.interrupted(func(ctx context.Context, started func()) (context.Context, func()) {
			ctx, cancel := context.WithCancel(ctx)
			go func() { started(); cancel() }()
			return ctx, cancel
		}, context.Canceled)
	})
}

func TestDeadlineEndsNixAndItsBuilder(t *testing.T) {
	eachLane(t, func(w *world) {
		w.interrupted(func(ctx context.Context, started func()) (context.Context, func()) {
			late := deadline{ctx, make(chan struct{})}
			go func() { started(); close(late.over) }()
			return late, func() {}
		}, context.DeadlineExceeded)
	})
}

// deadline is a context whose deadline passes when over is closed.
type deadline struct {
	context.Context
	over chan struct{}
}

func (d deadline) Done() <-chan struct{} { return d.over }

func (d deadline) Err() error {
	select {
	case <-d.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// An endless evaluation is stopped, and the flake is not blamed.
func TestCancelEndsAnEvaluation(t *testing.T) {
	eachLane(t, func(w *world) {
		w.write(files{"flake.nix": hosts("bad", "let n = builtins.genList (x: x) 30000; in builtins.foldl' (a: b: a + builtins.foldl' builtins.add 0 n) 0 n")})
		target := w.mustOpen()
		ctx, cancel := context.WithTimeout(w.Context(), 500*time.Millisecond)
		defer cancel()
		_, err := instantiate(ctx, target, question.Question{Path: []string{"nixosConfigurations", "bad", "config", "system", "build", "toplevel"}})
		var e *nixlog.EvalError
		if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &e) {
			w.Errorf("error is %v", err)
		}
	})
}
