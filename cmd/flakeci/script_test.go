package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/internal/test/remote"
	"github.com/flakeci/flakeci/vmtest"
)

func TestMain(m *testing.M) {
	// Scripts take turns (see turns), as many at once as suits their kind.
	if err := flag.Set("test.parallel", "1000"); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"flakeci": main, "crashing-flakeci": crashing})
}

// turns limits how many scripts run at once.
type turns chan struct{}

// inTurns returns p with scripts that wait for their turn.
func inTurns(p testscript.Params, turns turns) testscript.Params {
	setup := p.Setup
	p.Setup = func(e *testscript.Env) error {
		turns <- struct{}{}
		e.Defer(func() { <-turns })
		return setup(e)
	}
	return p
}

// TestScripts runs the scripts whose result depends on Nix with the Nix of each lane, and the
// scripts about flakeci's output, such as flags, tables and reports, with the newest Nix only.
//
// Only the newest lane runs flakeci with the race detector, which takes a script from 9 to
// 12 s of processor time.
func TestScripts(t *testing.T) {
	t.Parallel()
	overrides := lanes.Overrides(t)
	plain := withoutRace(t)
	turns := make(turns, runtime.NumCPU()+1) // most wait for Nix, some for a time limit
	for _, lane := range lanes.All(t) {
		t.Run("nix-"+lane.Version, func(t *testing.T) {
			t.Parallel()
			p := inTurns(params(lane, overrides), turns)
			p.Dir = "testdata/script"
			if lane != lanes.Newest(t) {
				p = plain(p)
			}
			testscript.Run(t, p)
		})
	}
	t.Run("words", func(t *testing.T) {
		t.Parallel()
		p := plain(inTurns(params(lanes.Newest(t), overrides), turns))
		p.Dir = "testdata/script-words"
		testscript.Run(t, p)
	})
}

// withoutRace returns a function that gives scripts a flakeci without the race detector.
func withoutRace(t *testing.T) func(p testscript.Params) testscript.Params {
	t.Helper()
	if !raced {
		return func(p testscript.Params) testscript.Params { return p }
	}
	return released(t)
}

// released returns a function that gives scripts a flakeci as it is released: a static program.
func released(t *testing.T) func(p testscript.Params) testscript.Params {
	t.Helper()
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // a dynamic one takes longer to start, and no container starts it
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return func(p testscript.Params) testscript.Params {
		setup := p.Setup
		p.Setup = func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			return setup(e)
		}
		return p
	}
}

// TestVMScripts runs the scripts that boot hosts, with the newest Nix only. `make test` runs
// it separately: a guest without KVM keeps a core busy for 16 s, and three times as long next
// to all other tests.
func TestVMScripts(t *testing.T) {
	lanes.Heavy(t, "boots hosts")
	if _, ok := lanes.Guest(t); !ok {
		t.Skip("no test guest in .cache/guest; make test gets it")
	}
	scripts, err := filepath.Glob("testdata/script-vm/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	// Half of the boots are in one script, and another mostly waits for limits, for three
	// minutes: these two start first.
	first := []string{"testdata/script-vm/outcomes.txtar", "testdata/script-vm/waiting.txtar"}
	inContainer := []string{"testdata/script-vm/container.txtar"}
	p := params(lanes.Newest(t), lanes.Overrides(t))
	inherited := p.Setup
	p.Setup = func(e *testscript.Env) error {
		// Limits of a boot are five times as long without KVM; waiting.txtar sets them.
		if kvmWorks() {
			e.Vars = append(e.Vars, "ACCEL=kvm", "BOOT_LIMIT=36s", "SILENCE=12s")
		} else {
			e.Vars = append(e.Vars, "ACCEL=tcg", "BOOT_LIMIT=3m0s", "SILENCE=1m0s")
		}
		return inherited(e)
	}
	run := func(name string, p testscript.Params, turns turns, scripts []string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := inTurns(p, turns)
			p.Files = scripts
			testscript.Run(t, p)
		})
	}
	others := slices.DeleteFunc(scripts, func(s string) bool { return slices.Contains(first, s) || slices.Contains(inContainer, s) })
	run("first", p, make(turns, len(first)), first)
	run("container", released(t)(stored(t, p)), make(turns, 1), inContainer)
	run("others", p, make(turns, runtime.NumCPU()), others)
}

// kvmWorks reports whether this machine boots guests with KVM.
var kvmWorks = sync.OnceValue(func() bool {
	a := vmtest.Accelerator{Wanted: vmtest.AccelKVM}
	_, _, err := a.Choose(context.Background(), "qemu-system-x86_64")
	return err == nil
})

func params(lane lanes.Lane, overrides []string) testscript.Params {
	return testscript.Params{
		Setup: func(e *testscript.Env) error { return setup(e, lane) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fixture":     func(ts *testscript.TestScript, _ bool, args []string) { fixture(ts, args, overrides) },
			"commit":      func(ts *testscript.TestScript, _ bool, args []string) { commit(ts, args[0]) },
			"exit":        exits,
			"limit":       limit,
			"cell":        cellIs,
			"base":        baseIs,
			"phase":       phaseIs,
			"cause":       causeIs,
			"verdict":     verdictIs,
			"warned":      warned,
			"bytes":       writeBytes,
			"edit":        edit,
			"smalldisk":   smallDisk,
			"png":         isPNG,
			"leftovers":   leftovers,
			"hub":         hub,
			"deaf":        deaf,
			"daemon":      daemon,
			"builder":     builder,
			"served":      served,
			"terminal":    terminalRuns,
			"shows":       shows,
			"press":       press,
			"resize":      resize,
			"send":        sendSignal,
			"ended":       ended,
			"samephases":  samePhases,
			"histories":   histories,
			"legs":        legs,
			"samereports": sameReports,
			"remember":    remember,
			"nginx":       nginx,
			"pushes":      pushes,
			"pushcause":   pushCause,
			"engine":      engine,
			"boxed":       boxed,
		},
		Condition:           func(cond string) (bool, error) { return condition(cond, lane) },
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
	}
}

func setup(e *testscript.Env, lane lanes.Lane) error {
	e.Vars = append(e.Vars, "FLAKECI_NIX="+lane.Nix, "ROOT="+lanes.Root(e.T().(testing.TB)))
	e.Vars = append(e.Vars, lanes.Env()...)
	e.Values[terminalKey{}] = &screenTerminal{}
	e.Values[daemonKey{}] = new(exec.Cmd)
	e.Values[builderKey{}] = &scriptBuilder{tb: e.T().(testing.TB)}
	e.Values[engineKey{}] = &scriptEngine{tb: e.T().(testing.TB)}
	e.Values[hubKey{}] = &scriptHub{tb: e.T().(testing.TB)}
	home := filepath.Join(e.WorkDir, "home")
	e.Vars = append(e.Vars, "HOME="+home, "XDG_CACHE_HOME="+filepath.Join(home, ".cache"))
	return os.MkdirAll(home, 0o755)
}

// condition evaluates [root], [kvm], [nginx], and [nix:2.8.0] for what only some versions do.
func condition(cond string, lane lanes.Lane) (bool, error) {
	switch cond {
	case "root":
		return os.Getuid() == 0, nil
	case "remote":
		return remote.Missing() == "", nil
	case "kvm":
		return kvmWorks(), nil
	case "nginx":
		return nginxFile() != "", nil
	}
	version, ok := strings.CutPrefix(cond, "nix:")
	if !ok {
		return false, fmt.Errorf("unknown condition %q", cond)
	}
	return lane.Version == version, nil
}

var salt atomic.Int64

// fixture NAME [DIR] copies a flake of testdata/flakes, or examples/fleet, into
// DIR and commits it to git there. Every copy has new derivations, and a flakeci.toml that
// replaces the inputs with the stand-ins.
func fixture(ts *testscript.TestScript, args []string, overrides []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: fixture NAME [DIR]")
	}
	source := filepath.Join(ts.Getenv("ROOT"), "testdata", "flakes", args[0])
	if args[0] == "fleet" {
		source = filepath.Join(ts.Getenv("ROOT"), "examples", "fleet")
	}
	dir := args[len(args)-1]
	ts.Check(os.CopyFS(ts.MkAbs(dir), os.DirFS(source)))
	if _, err := os.Stat(filepath.Join(source, "salt.nix")); err == nil {
		fresh := fmt.Sprintf("\"%d-%d\"\n", time.Now().UnixNano(), salt.Add(1))
		ts.Check(os.WriteFile(ts.MkAbs(dir+"/salt.nix"), []byte(fresh), 0o644))
	}
	own, err := os.ReadFile(filepath.Join(source, "flakeci.toml"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		ts.Fatalf("%v", err)
	}
	ts.Check(os.WriteFile(ts.MkAbs(dir+"/flakeci.toml"), append(own, configOf(overrides)...), 0o644))
	commit(ts, dir)
}

// configOf returns a flakeci.toml with --override-input NAME REF … as a table.
func configOf(overrides []string) string {
	var b strings.Builder
	b.WriteString("\n[override-input]\n")
	for i := 0; i+2 < len(overrides); i += 3 {
		fmt.Fprintf(&b, "%q = %q\n", overrides[i+1], overrides[i+2])
	}
	return b.String()
}

// commit DIR commits everything in DIR to git.
func commit(ts *testscript.TestScript, dir string) {
	dir = ts.MkAbs(dir)
	id := []string{"-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"commit", "-q", "--allow-empty", "-m", "x"}} {
		ts.Check(ts.Exec("git", append(append([]string{"-C", dir}, id...), args...)...))
	}
}
