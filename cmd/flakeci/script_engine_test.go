package main

import (
	"bytes"
	"maps"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flakeci/flakeci/internal/test/engines"
	"github.com/flakeci/flakeci/internal/test/lanes"
)

// TestContainerScripts runs flakeci in containers of real engines.
func TestContainerScripts(t *testing.T) {
	lanes.Heavy(t, "starts container engines")
	t.Parallel()
	p := released(t)(inTurns(stored(t, params(lanes.Newest(t), nil)), make(turns, runtime.NumCPU())))
	p.Dir = "testdata/script-container"
	testscript.Run(t, p)
}

// stored gives the flakes of scripts inputs in the Nix store: the flakeci.toml of a flake takes no
// other folder into a container.
func stored(t *testing.T, p testscript.Params) testscript.Params {
	t.Helper()
	overrides := lanes.Stored(t, lanes.Overrides(t))
	p.Cmds = maps.Clone(p.Cmds)
	p.Cmds["fixture"] = func(ts *testscript.TestScript, _ bool, args []string) { fixture(ts, args, overrides) }
	return p
}

// engineKey is the key of a script's container engine, and of its test.
type engineKey struct{}

// scriptEngine is the container engine of a script.
type scriptEngine struct {
	tb testing.TB
	*engines.Engine
}

// engine NAME starts Docker or Podman for the rest of the script, with the images "with-nix" and
// "bare". It skips the script if there is no such engine. "! engine" checks that the script has left
// nothing there but the store.
func engine(ts *testscript.TestScript, neg bool, args []string) {
	e := ts.Value(engineKey{}).(*scriptEngine)
	if neg {
		engineIsEmpty(ts, e.Engine)
		return
	}
	e.Engine = engines.Start(e.tb, args[0])
	ts.Defer(e.Stop)
	withNix, err := engines.WithNix(lanes.Newest(e.tb).Nix)
	ts.Check(err)
	ts.Check(e.Import(bytes.NewReader(withNix), "with-nix"))
	e.Prove(e.tb, "with-nix", "id")
	bare, err := engines.Bare()
	ts.Check(err)
	ts.Check(e.Import(bytes.NewReader(bare), "bare"))
	ts.Setenv("DOCKER_HOST", e.Host)
}

// engineIsEmpty waits until nothing is left.
func engineIsEmpty(ts *testscript.TestScript, e *engines.Engine) {
	limit := lanes.Limit(20*time.Second, func() { _ = exec.Command("git", "version").Run() })
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		left, err := e.Left()
		ts.Check(err)
		if len(left) == 0 {
			return
		}
		if time.Since(began) > limit {
			ts.Fatalf("left: %s", strings.Join(left, ", "))
		}
	}
}

// boxed waits until the engine runs a container.
func boxed(ts *testscript.TestScript, _ bool, _ []string) {
	e := ts.Value(engineKey{}).(*scriptEngine)
	for {
		left, err := e.Left()
		ts.Check(err)
		if len(left) > 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}
