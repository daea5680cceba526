package push_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
	"github.com/flakeci/flakeci/runner/push"
)

// bench is what a test pushes with: a Nix, and a folder for everything else.
type bench struct {
	*testing.T
	lane   lanes.Lane
	client *nix.Client
	dir    string
}

func eachNix(t *testing.T, test func(b *bench)) {
	t.Parallel()
	for _, lane := range lanes.All(t) {
		t.Run("nix-"+lane.Version, func(t *testing.T) {
			t.Parallel()
			test(newBench(t, lane))
		})
	}
}

func newBench(t *testing.T, lane lanes.Lane) *bench {
	t.Helper()
	b := &bench{T: t, lane: lane, dir: t.TempDir()}
	client, err := nix.Find(context.Background(), nix.Options{Path: lane.Nix, Env: b.env()})
	if err != nil {
		t.Fatal(err)
	}
	b.client = client
	return b
}

func (b *bench) env() []string { return append(os.Environ(), lanes.Env()...) }

// outputs adds new paths to the store.
func (b *bench) outputs(n int) []string {
	b.Helper()
	var paths []string
	for i := range n {
		file := filepath.Join(b.dir, fmt.Sprintf("output%d", i))
		if err := os.WriteFile(file, []byte(rand.Text()), 0o600); err != nil {
			b.Fatal(err)
		}
		paths = append(paths, strings.TrimSpace(b.nix("store", "add-path", file)))
	}
	return paths
}

func (b *bench) nix(args ...string) string {
	b.Helper()
	cmd := exec.Command(b.lane.Nix, append([]string{"--extra-experimental-features", "nix-command"}, args...)...)
	cmd.Env = b.env()
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("nix %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// program puts a script on PATH that stands for cachix, and returns the environment with it.
func (b *bench) program(script string) []string {
	b.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, "cachix"), []byte("#!/bin/sh\nshift 2\ncd "+b.dir+"\n"+script+"\n"), 0o700); err != nil {
		b.Fatal(err)
	}
	return append(b.env(), "PATH="+b.dir+":"+os.Getenv("PATH"))
}

// start returns a pusher to a target.
func (b *bench) start(ctx context.Context, target string, o push.Options) *push.Pusher {
	b.Helper()
	t, err := push.Parse(target)
	if err != nil {
		b.Fatal(err)
	}
	o.Client, o.Tmp = b.client, b.TempDir()
	if o.Env == nil {
		o.Env = b.env()
	}
	o.Ended = func() string { return "the run ended" }
	return push.New(ctx, []push.Target{t}, o)
}

// passed tells a pusher that a cell with these outputs has passed.
func passed(p *push.Pusher, paths ...string) {
	out := map[string]string{}
	for i, path := range paths {
		out[fmt.Sprint("out", i)] = path
	}
	p.Subscriber().Handle(event.Finished{Result: outcome.Result{Status: result.Passed, How: result.Built, OutPaths: out}})
}

// check compares the statuses of outputs.
func (b *bench) check(r push.Report, want map[string]result.PushStatus) {
	b.Helper()
	got := map[string]result.PushStatus{}
	for _, p := range r.Pushes {
		if got[p.Path] != "" {
			b.Errorf("%s is listed twice", p.Path)
		}
		got[p.Path] = p.Status
	}
	for path, status := range want {
		if got[path] != status {
			b.Errorf("%s is %q, not %q: %+v", path, got[path], status, r)
		}
	}
	if len(got) != len(want) {
		b.Errorf("%d outputs were to be pushed, not %d: %+v", len(got), len(want), r.Pushes)
	}
}

// An output that is spoiled, or gone, does not keep others from being pushed.
func TestOneSpoiledOutput(t *testing.T) {
	eachNix(t, func(b *bench) {
		paths := b.outputs(4)
		b.Cleanup(func() { b.nix("store", "delete", paths[1]) })
		if err := exec.Command("sh", "-c", "chmod -R u+w $0 && rm -rf $0", paths[1]).Run(); err != nil {
			b.Fatal(err) // the store's database still has it
		}
		b.nix("store", "delete", paths[2])
		p := b.start(context.Background(), "file://"+b.dir+"/cache", push.Options{})
		passed(p, paths...)
		r := p.Wait()
		b.check(r, map[string]result.PushStatus{paths[0]: result.Pushed, paths[1]: result.PushFailed, paths[2]: result.PushSkipped, paths[3]: result.Pushed})
		for _, path := range []string{paths[0], paths[3]} {
			hash, _, _ := strings.Cut(filepath.Base(path), "-")
			if _, err := os.Stat(filepath.Join(b.dir, "cache", hash+".narinfo")); err != nil {
				b.Error(err)
			}
		}
		if len(r.Warnings) != 2 {
			b.Errorf("warnings: %+v", r.Warnings)
		}
	})
}

// Only cells that passed and were built or fetched have outputs to push, each once, although two
// cells may share them and a cell may finish twice.
func TestWhatIsPushed(t *testing.T) {
	b := newBench(t, lanes.Newest(t))
	paths := b.outputs(2)
	p := b.start(context.Background(), "file://"+b.dir+"/cache", push.Options{})
	for _, res := range []outcome.Result{
		{Status: result.Failed, How: result.Built}, {Status: result.Passed, How: result.Evaluated}, {Status: result.Passed, How: result.Unchanged},
		{Status: result.Skipped}, {Status: result.Canceled}, {Status: result.Passed, How: result.Built, Reported: true},
	} {
		res.OutPaths = map[string]string{"out": paths[1]}
		p.Subscriber().Handle(event.Finished{Result: res})
	}
	passed(p, paths[0])
	passed(p, paths[0])
	r := p.Wait()
	b.check(r, map[string]result.PushStatus{paths[0]: result.Pushed})
	if len(r.Warnings) > 0 { // its name is a hash of its content, so it needs no signature
		b.Errorf("warnings: %+v", r.Warnings)
	}
}

// A fault that may pass is retried. Others are not.
func TestRetries(t *testing.T) {
	b := newBench(t, lanes.Newest(t))
	paths := b.outputs(2)
	env := b.program(`echo "$@" >>calls; [ -e failed ] || { : >failed; echo 'error: Connection reset by peer' >&2; exit 1; }`)
	p := b.start(context.Background(), "cachix:ours", push.Options{Env: env, Retries: 1})
	passed(p, paths...)
	b.check(p.Wait(), map[string]result.PushStatus{paths[0]: result.Pushed, paths[1]: result.Pushed})
	if calls, _ := os.ReadFile(filepath.Join(b.dir, "calls")); strings.Count(string(calls), "\n") != 2 {
		t.Errorf("the calls are:\n%s", calls)
	}
	env = b.program(`echo "$@" >>others; echo 'error: no such cache' >&2; exit 1`)
	p = b.start(context.Background(), "cachix:ours", push.Options{Env: env, Retries: 5})
	passed(p, paths[0])
	b.check(p.Wait(), map[string]result.PushStatus{paths[0]: result.PushFailed})
	if calls, _ := os.ReadFile(filepath.Join(b.dir, "others")); strings.Count(string(calls), "\n") != 1 {
		t.Errorf("the calls are:\n%s", calls)
	}
}

// A program finds the outputs in the store of the run, and reads no file of the folder that flakeci
// was started in.
func TestStoreOfPrograms(t *testing.T) {
	b := newBench(t, lanes.Newest(t))
	paths := b.outputs(1)
	pwd := filepath.Join(b.dir, "pwd")
	env := b.program(`echo "$NIX_REMOTE" >store; echo "$OLDPWD" >pwd`)
	p := b.start(context.Background(), "attic:ours", push.Options{Env: env})
	passed(p, paths...)
	b.check(p.Wait(), map[string]result.PushStatus{paths[0]: result.PushFailed}) // attic is not there
	p = b.start(context.Background(), "cachix:ours", push.Options{Env: env, Store: "local?root=/x"})
	passed(p, paths...)
	b.check(p.Wait(), map[string]result.PushStatus{paths[0]: result.Pushed})
	here, err := os.Getwd()
	if text, _ := os.ReadFile(pwd); err != nil || strings.TrimSpace(string(text)) == here || len(text) < 2 {
		t.Errorf("it ran in %q, %v", text, err)
	}
	if text, _ := os.ReadFile(filepath.Join(b.dir, "store")); string(text) != "local?root=/x\n" {
		t.Errorf("the store is %q", text)
	}
}

// A target that takes nothing costs few attempts, however much there is to push.
func TestFailuresAreFew(t *testing.T) {
	b := newBench(t, lanes.Newest(t))
	paths := b.outputs(6)
	env := b.program(`echo x >>calls; echo 'error: no such cache' >&2; exit 1`)
	p := b.start(context.Background(), "cachix:ours", push.Options{Env: env})
	passed(p, paths...)
	r := p.Wait()
	want := map[string]result.PushStatus{}
	for _, path := range paths {
		want[path] = result.PushFailed
	}
	b.check(r, want)
	if calls, _ := os.ReadFile(filepath.Join(b.dir, "calls")); strings.Count(string(calls), "\n") > 2*3 { // two batches at most
		t.Errorf("%d calls", strings.Count(string(calls), "\n"))
	}
	if len(r.Warnings) != 1 || !strings.HasPrefix(r.Warnings[0].Text, "6 outputs not pushed to cachix:ours: no such cache") || r.Warnings[0].Cause.Kind != result.CauseSubstituter {
		t.Errorf("warnings: %+v", r.Warnings)
	}
}

// A program that says nothing for too long, or takes too long, is ended.
func TestProgramsThatHang(t *testing.T) {
	for name, o := range map[string]push.Options{
		"nothing happened for 200ms": {Idle: 200 * time.Millisecond},
		"did not end within 200ms":   {Timeout: 200 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, lanes.Newest(t))
			paths := b.outputs(3)
			o.Env = b.program("echo x >>calls; exec sleep 1000")
			p := b.start(context.Background(), "cachix:ours", o)
			for _, path := range paths {
				passed(p, path)
			}
			r := p.Wait()
			b.check(r, map[string]result.PushStatus{paths[0]: result.PushFailed, paths[1]: result.PushFailed, paths[2]: result.PushFailed})
			if calls, _ := os.ReadFile(filepath.Join(b.dir, "calls")); strings.Count(string(calls), "\n") > 1 {
				t.Error("it is tried again")
			}
			if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0].Text, name) {
				t.Errorf("warnings: %+v", r.Warnings)
			}
		})
	}
}

// When the run ends early, what was not pushed is said. Until then, an output that waits is kept
// in the store.
func TestInterruptedPush(t *testing.T) {
	b := newBench(t, lanes.Newest(t))
	paths := b.outputs(2)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p := b.start(ctx, "cachix:ours", push.Options{Env: b.program(`: >started; exec sleep 1000`)})
	passed(p, paths[0])
	for {
		if _, err := os.Stat(filepath.Join(b.dir, "started")); err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	passed(p, paths[1])
	cmd := exec.Command(b.lane.Nix, "--extra-experimental-features", "nix-command", "store", "delete", paths[0])
	cmd.Env = b.env()
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("an output that is being pushed was collected: %s", out)
	}
	cancel()
	r := p.Wait()
	b.check(r, map[string]result.PushStatus{paths[0]: result.PushSkipped, paths[1]: result.PushSkipped})
	if len(r.Warnings) != 1 || r.Warnings[0].Text != "2 outputs not pushed to cachix:ours: the run ended" {
		t.Errorf("warnings: %+v", r.Warnings)
	}
	b.nix("store", "delete", paths[0]) // it is kept no longer
}

// An output that was copied because another one needs it was pushed, too. It counts once.
func TestOutputsThatShare(t *testing.T) {
	eachNix(t, func(b *bench) {
		both := b.nix("eval", "--raw", "--impure", "--expr", `let a = builtins.toFile "a" "`+rand.Text()+`"; in "${a} ${builtins.toFile "b" "${a}"}"`)
		for _, paths := range [][]string{strings.Fields(both), {strings.Fields(both)[1], strings.Fields(both)[0]}} {
			p := b.start(context.Background(), "file://"+b.TempDir(), push.Options{})
			for _, path := range paths {
				passed(p, path)
			}
			r := p.Wait()
			b.check(r, map[string]result.PushStatus{paths[0]: result.Pushed, paths[1]: result.Pushed})
			if n := r.Pushes[0].Paths + r.Pushes[1].Paths; n != 2 {
				b.Errorf("%d paths: %+v", n, r.Pushes)
			}
		}
	})
}

// Without targets there is nothing to do.
func TestNoTargets(t *testing.T) {
	if r := push.New(context.Background(), nil, push.Options{}).Wait(); len(r.Pushes)+len(r.Warnings) > 0 {
		t.Errorf("%+v", r)
	}
}

// All targets get everything, at the same time.
func TestSeveralTargets(t *testing.T) {
	eachNix(t, func(b *bench) {
		paths := b.outputs(3)
		var targets []push.Target
		for _, name := range []string{"one", "two"} {
			target, err := push.Parse("file://" + b.dir + "/" + name)
			if err != nil {
				b.Fatal(err)
			}
			targets = append(targets, target)
		}
		p := push.New(context.Background(), targets, push.Options{Client: b.client, Env: b.env(), Tmp: b.TempDir()})
		for _, path := range paths {
			passed(p, path)
		}
		r := p.Wait()
		n := 0
		for _, push := range r.Pushes {
			if push.Status == result.Pushed && push.Paths == 1 && push.Bytes > 0 && slices.Contains(paths, push.Path) {
				n++
			}
		}
		if n != 6 || len(r.Pushes) != 6 {
			b.Errorf("%+v", r.Pushes)
		}
	})
}
