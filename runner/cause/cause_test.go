package cause

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/evalpool"
)

func TestStatus(t *testing.T) {
	const own = "/nix/store/00000000000000000000000000000000-own.drv"
	cause := func(kind result.CauseKind, drv string) *result.Cause { return &result.Cause{Kind: kind, DrvPath: drv} }
	tests := map[string]struct {
		causes []*result.Cause
		want   result.Status
	}{
		"its own builder":               {[]*result.Cause{cause(result.CauseBuild, own)}, result.Failed},
		"a dependency":                  {[]*result.Cause{cause(result.CauseBuild, "dep")}, result.DependencyFailed},
		"a dependency's hash":           {[]*result.Cause{cause(result.CauseHash, "dep")}, result.DependencyFailed},
		"its own time":                  {[]*result.Cause{cause(result.CauseTimeout, own)}, result.TimedOut},
		"a dependency's time":           {[]*result.Cause{cause(result.CauseTimeout, "dep")}, result.TimedOut},
		"the machine":                   {[]*result.Cause{cause(result.CauseDisk, own)}, result.Error},
		"the daemon":                    {[]*result.Cause{cause(result.CauseDaemon, "")}, result.Error},
		"the machine and a dependency":  {[]*result.Cause{cause(result.CauseFeature, "a"), cause(result.CauseBuild, "b")}, result.DependencyFailed},
		"a dependency, then its own":    {[]*result.Cause{cause(result.CauseBuild, "a"), cause(result.CauseBuild, own)}, result.Failed},
		"a dependency's time and fault": {[]*result.Cause{cause(result.CauseTimeout, "a"), cause(result.CauseBuild, "b")}, result.DependencyFailed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := CellStatus(own, tt.causes); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// ofEval returns the only cause of a failed evaluation.
func ofEval(t *testing.T, r *Registry, err error) *result.Cause {
	t.Helper()
	causes := r.OfEval(t.Context(), "nixos/a", err)
	if len(causes) != 1 {
		t.Fatalf("%d causes of %v", len(causes), err)
	}
	return causes[0]
}

func TestOneCauseForOneReason(t *testing.T) {
	var r Registry
	throw := func(file string) error {
		return &nixlog.EvalError{Message: "no", Place: result.Location{File: file, Line: 1}}
	}
	if ofEval(t, &r, throw("a.nix")) != ofEval(t, &r, throw("a.nix")) {
		t.Error("one error in two cells has two causes")
	}
	if ofEval(t, &r, throw("a.nix")) == ofEval(t, &r, throw("b.nix")) {
		t.Error("errors in two places have one cause")
	}
	leaf := nixlog.BuildFailure{DrvPath: "/nix/store/x-a.drv", Kind: result.CauseBuild, Tail: []string{"x"}}
	logs := 0
	r.KeepLog = func(context.Context, nixlog.BuildFailure) string { logs++; return "log" }
	if r.OfBuild(t.Context(), leaf) != r.OfBuild(t.Context(), leaf) || logs != 1 {
		t.Errorf("one failure in two cells has two causes, or its log was kept %d times", logs)
	}
}

// An assertion that all hosts fail is one cause, whatever others each of them fails.
func TestEachFailedAssertionIsACause(t *testing.T) {
	var r Registry
	failed := func(host string) error {
		return &nixlog.EvalError{Message: "Failed assertions:\n- …", Assertions: []nixlog.Assertion{{Text: host + ": no disk.\n  Set one."}, {Text: "The clock is kept twice."}}}
	}
	a, b := r.OfEval(t.Context(), "nixos/a", failed("a")), r.OfEval(t.Context(), "nixos/b", failed("b"))
	if len(a) != 2 || len(b) != 2 || a[0] == b[0] || a[1] != b[1] {
		t.Fatalf("%v, %v", a, b)
	}
	if c := a[0]; c.Title != "does not evaluate: failed assertion: a: no disk." || c.Message != "a: no disk.\n  Set one." || c.Key == a[1].Key {
		t.Errorf("%+v", c)
	}
}

// A crash says nothing about the one of another host. That of a home inside a host is the host's.
func TestACrashIsOfOneHost(t *testing.T) {
	var r Registry
	for name, err := range map[string]error{
		"stack overflow": &nixlog.EvalError{Message: "stack overflow (possible infinite recursion)", Sudden: true},
		"signal":         &proc.Error{Argv: []string{"nix"}, Signal: syscall.SIGSEGV},
	} {
		a, b := r.OfEval(t.Context(), "nixos/a", err)[0], r.OfEval(t.Context(), "nixos/b", err)[0]
		if a == b || a.Key == b.Key || r.OfEval(t.Context(), "nixos/a", err)[0] != a {
			t.Errorf("%s: %+v, %+v", name, a, b)
		}
	}
	killed := &proc.Error{Argv: []string{"nix"}, Signal: syscall.SIGKILL}
	if r.OfEval(t.Context(), "nixos/a", killed)[0] != r.OfEval(t.Context(), "nixos/b", killed)[0] {
		t.Error("a machine without memory has two causes")
	}
}

// A full disk, or a daemon that is gone, is one cause for everything that it fails.
func TestMachineFaultsAreOneCause(t *testing.T) {
	r := Registry{KeepLog: func(_ context.Context, f nixlog.BuildFailure) string { return f.DrvPath }}
	disk := ofEval(t, &r, &nixlog.EvalError{Message: "write of 51 bytes: No space left on device"})
	daemon := ofEval(t, &r, &nixlog.EvalError{Message: "cannot connect to socket at '/s': Connection refused"})
	for _, name := range []string{"a", "b"} {
		f := nixlog.BuildFailure{DrvPath: name, Kind: result.CauseDisk}
		if r.OfBuild(t.Context(), f) != disk {
			t.Error("the full disk is more than one cause")
		}
		f.Kind, f.Message = result.CauseDaemon, "Nix daemon disconnected unexpectedly"
		if r.OfBuild(t.Context(), f) != daemon {
			t.Error("the daemon that is gone is more than one cause")
		}
		// A builder that reports it may mean a disk of its own. It has a log.
		f.Kind, f.Tail = result.CauseDisk, []string{"mkfs: No space left on device"}
		if r.OfBuild(t.Context(), f).Log != name {
			t.Error("the log of a builder that filled a disk is lost")
		}
	}
}

// All hosts that need too much memory have one cause, whatever they used.
func TestOutOfMemoryIsOneCause(t *testing.T) {
	var r Registry
	first, second := &evalpool.MemoryError{Peak: 390 << 20, Budget: 400 << 20}, &evalpool.MemoryError{Peak: 385 << 20, Budget: 400 << 20}
	killed := &evalpool.MemoryError{Peak: 390 << 20, Budget: 400 << 20, Killed: true}
	if a := ofEval(t, &r, first); a != ofEval(t, &r, second) || a == ofEval(t, &r, killed) {
		t.Error("two that ran out of memory have two causes, or a killed one has the same cause")
	}
}

// While the log of one failure is fetched, which may take long, others do not wait.
func TestCausesDoNotWaitForALog(t *testing.T) {
	var r Registry
	others := make(chan *result.Cause)
	build := func(drv string) *result.Cause {
		return r.OfBuild(t.Context(), nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseBuild, Tail: []string{"x"}})
	}
	r.KeepLog = func(_ context.Context, f nixlog.BuildFailure) string {
		if f.DrvPath == "/nix/store/x-b.drv" {
			return "b"
		}
		go func() { others <- build("/nix/store/x-b.drv") }()
		select {
		case c := <-others:
			return "a, after " + c.Log
		case <-time.After(time.Minute):
			return "a, alone"
		}
	}
	if c := build("/nix/store/x-a.drv"); c.Log != "a, after b" {
		t.Errorf("its log is %s", c.Log)
	}
}
