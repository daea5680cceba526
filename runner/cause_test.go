package runner

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/result"
)

func TestBlame(t *testing.T) {
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
			if got := blame(own, tt.causes); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestCausesAreOne(t *testing.T) {
	var cs causes
	throw := func(file string) error {
		return &nixlog.EvalError{Message: "no", Place: result.Location{File: file, Line: 1}}
	}
	if cs.ofEval(throw("a.nix")) != cs.ofEval(throw("a.nix")) {
		t.Error("one error in two cells is two causes")
	}
	if cs.ofEval(throw("a.nix")) == cs.ofEval(throw("b.nix")) {
		t.Error("errors in two places are one cause")
	}
	leaf := nixlog.BuildFailure{DrvPath: "/nix/store/x-a.drv", Kind: result.CauseBuild, Tail: []string{"x"}}
	logs := 0
	keep := func() string { logs++; return "log" }
	if cs.ofBuild(leaf, keep) != cs.ofBuild(leaf, keep) || logs != 1 {
		t.Errorf("one leaf in two cells is two causes, or its log was kept %d times", logs)
	}
}

// A full disk, or a daemon that is gone, is one cause of whatever failed for it.
func TestTheMachineIsOne(t *testing.T) {
	var cs causes
	disk := cs.ofEval(&nixlog.EvalError{Message: "write of 51 bytes: No space left on device"})
	daemon := cs.ofEval(&nixlog.EvalError{Message: "cannot connect to socket at '/s': Connection refused"})
	for _, name := range []string{"a", "b"} {
		f := nixlog.BuildFailure{DrvPath: name, Kind: result.CauseDisk}
		if cs.ofBuild(f, nil) != disk {
			t.Error("the full disk is more than one cause")
		}
		f.Kind, f.Message = result.CauseDaemon, "Nix daemon disconnected unexpectedly"
		if cs.ofBuild(f, nil) != daemon {
			t.Error("the daemon that is gone is more than one cause")
		}
		// One that told of it itself may mean a disk of its own, and has a log.
		f.Kind, f.Tail = result.CauseDisk, []string{"mkfs: No space left on device"}
		if cs.ofBuild(f, func() string { return name }).Log != name {
			t.Error("the log of a builder that filled a disk is lost")
		}
	}
}

// Hosts that do not fit into the memory there is are one cause, whatever they had last.
func TestOutOfMemoryIsOne(t *testing.T) {
	var cs causes
	first, second := &memoryError{Peak: 390 * mib, Budget: 400 * mib}, &memoryError{Peak: 385 * mib, Budget: 400 * mib}
	killed := &memoryError{Peak: 390 * mib, Budget: 400 * mib, Killed: true}
	if a := cs.ofEval(first); a != cs.ofEval(second) || a == cs.ofEval(killed) {
		t.Error("the same lack is not one cause, or another is not another")
	}
}

// While the log of one failure is fetched, which may take long, others have their
// cause.
func TestCausesAreMadeAtOnce(t *testing.T) {
	var cs causes
	others := make(chan *result.Cause)
	slow := func(drv string, keepLog func() string) *result.Cause {
		return cs.ofBuild(nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseBuild, Tail: []string{"x"}}, keepLog)
	}
	c := slow("/nix/store/x-a.drv", func() string {
		go func() { others <- slow("/nix/store/x-b.drv", func() string { return "b" }) }()
		select {
		case c := <-others:
			return "a, after " + c.Log
		case <-time.After(time.Minute):
			return "a, alone"
		}
	})
	if c.Log != "a, after b" {
		t.Errorf("its log is %s", c.Log)
	}
}

func TestEvalCause(t *testing.T) {
	tests := map[string]struct {
		err         error
		kind        result.CauseKind
		title, hint string
		status      result.Status
	}{
		"assertions": {
			&nixlog.EvalError{Message: "\nFailed assertions:\n- eth0 is not set\n- nor is eth1"},
			"eval", "does not evaluate: Failed assertions: eth0 is not set", "", result.Failed,
		},
		"throw": {&nixlog.EvalError{Message: "first\nsecond"}, "eval", "does not evaluate: first", "", result.Failed},
		"recursion": {
			&nixlog.EvalError{Message: "infinite recursion encountered"},
			"eval", "infinite recursion", "needs itself", result.Failed,
		},
		"untracked": {
			&nixlog.EvalError{Message: "getting status", Untracked: "hosts/new.nix"},
			"eval", "getting status", "git add hosts/new.nix", result.Failed,
		},
		"input of the flake": {
			&nixlog.EvalError{Message: "git failed", Input: &nixlog.InputFault{Name: "secrets", URL: "git+ssh://h/s"}},
			"input", "input secrets could not be fetched", "asked for by the flake itself", result.Error,
		},
		"input of an input": {
			&nixlog.EvalError{Message: "git failed", Input: &nixlog.InputFault{Name: "mid/secrets", URL: "git+ssh://h/s"}},
			"input", "input mid/secrets", "asked for by input mid", result.Error,
		},
		"killed": {&proc.Error{Argv: []string{"nix"}, Signal: syscall.SIGKILL}, "infra", "killed by signal 9", "memory", result.Error},
		"lost":   {&proc.Error{Argv: []string{"nix"}, Signal: syscall.SIGKILL, Err: proc.ErrSupervisorKilled}, "infra", "its supervisor was killed", "", result.Error},
		"import": {
			&nixlog.EvalError{Message: "builder failed", Build: &nixlog.BuildFailure{DrvPath: "/nix/store/00000000000000000000000000000000-gen.drv", Kind: result.CauseBuild, ExitCode: 3, Tail: []string{"no"}}},
			"build", "gen failed to build (exit 3)", "", result.Failed,
		},
		"no room": {&proc.Error{Argv: []string{"nix"}, Signal: syscall.SIGBUS}, "disk-full", "killed by signal 7", "free some disk", result.Error},
		"no heap": {
			&proc.Error{Argv: []string{"nix"}, Signal: syscall.SIGABRT, LastLine: "Insufficient space for initial table allocation"},
			"out-of-memory", "signal 6 (aborted) for want of memory", "ulimit", result.Error,
		},
		"aborted": {&proc.Error{Argv: []string{"nix"}, Signal: syscall.SIGABRT, LastLine: "Assertion failed"}, "eval", "signal 6", "recursion", result.Failed},
		"read-only store": {
			&nixlog.EvalError{Message: "remounting /nix/store writable: Invalid argument"},
			"infra", "remounting", "", result.Error,
		},
		"crashed": {&proc.Error{Argv: []string{"nix"}, Signal: syscall.SIGSEGV}, "eval", "signal 11", "recursion", result.Failed},
		"other":   {errors.New("no such thing"), "infra", "no such thing", "", result.Error},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := FlakeCause(tt.err)
			if c.Kind != tt.kind || !strings.Contains(c.Title, tt.title) || !strings.Contains(c.Hint, tt.hint) || c.Kind.Status() != tt.status {
				t.Errorf("got %s %q, hint %q, status %s", c.Kind, c.Title, c.Hint, c.Kind.Status())
			}
			if strings.Contains(c.Title, "\n") {
				t.Error("the title has more than one line")
			}
		})
	}
}

func TestBuildTitle(t *testing.T) {
	const drv = "/nix/store/00000000000000000000000000000000-libfrob-1.2.drv"
	tests := []struct {
		failure nixlog.BuildFailure
		want    string
	}{
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseBuild, ExitCode: 3}, "libfrob-1.2 failed to build (exit 3)"},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseBuild, Signal: 9}, "libfrob-1.2 failed to build (signal 9)"},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseBuild}, "libfrob-1.2 failed to build"},
		{
			nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseBuild, Message: "builder for '" + drv + "' failed to produce output path for output 'out' at \"/x\""},
			"libfrob-1.2 failed to build: it made no output",
		},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseDisk, ExitCode: 1}, "libfrob-1.2 failed to build: the disk is full"},
		{nixlog.BuildFailure{Kind: result.CauseBuild, Message: "output '/x' is not allowed to refer to the following paths:\n/y"}, "output '/x' is not allowed to refer to the following paths"},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseFeature, Missing: []string{"kvm", "nixos-test"}}, "libfrob-1.2 needs kvm and nixos-test, which this machine lacks"},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseFeature}, "libfrob-1.2 needs a system feature, which this machine lacks"},
		{nixlog.BuildFailure{Kind: result.CauseDaemon, Message: "cannot connect\nmore"}, "cannot connect"},
	}
	for _, tt := range tests {
		if got := buildTitle(tt.failure); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// Each kind of failure that a builder is not itself to blame for has something to do
// about it.
func TestBuildHint(t *testing.T) {
	const drv = "/nix/store/00000000000000000000000000000000-libfrob-1.2.drv"
	for _, tt := range []struct {
		failure nixlog.BuildFailure
		want    string // empty: nothing
	}{
		{nixlog.BuildFailure{Kind: result.CauseHash}, "got:"},
		{nixlog.BuildFailure{Kind: result.CauseFeature}, "system-features"},
		{nixlog.BuildFailure{Kind: result.CauseSystem}, "--builders"},
		{nixlog.BuildFailure{Kind: result.CauseDisk}, "nix-collect-garbage"},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseMemory}, "--jobs"},
		{nixlog.BuildFailure{Kind: result.CauseMemory}, "ulimit"},
		{nixlog.BuildFailure{Kind: result.CauseTimeout}, "--option timeout"},
		{nixlog.BuildFailure{Kind: result.CauseDaemon}, "nix-daemon"},
		{nixlog.BuildFailure{Kind: result.CauseSubstituter}, "substituters"},
		{nixlog.BuildFailure{Kind: result.CauseBuilder}, "--builders ''"},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseBuild, ExitCode: 1, Tail: []string{"Killed 3 mutants", "no frob"}}, ""},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseBuild, Signal: 9}, "memory"},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseBuild, ExitCode: 137}, "memory"},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseBuild, ExitCode: 2, Tail: []string{"g++: fatal error: Killed signal terminated program cc1plus", "make: *** [all] Error 1"}}, "memory"},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseBuild, ExitCode: 2, Tail: []string{"build.sh: line 3:    12 Killed                  cc"}}, "memory"},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseBuild, ExitCode: 101, Tail: []string{"process didn't exit successfully: `rustc` (signal: 9, SIGKILL: kill)"}}, "memory"},
	} {
		if got := buildHint(tt.failure); !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%+v: the hint is %q", tt.failure, got)
		}
	}
}

func TestFirstLine(t *testing.T) {
	long := strings.Repeat("ü", 300)
	for in, want := range map[string]string{
		"":             "",
		"\n\n a \nb":   "a",
		long:           strings.Repeat("ü", 159) + "…",
		"one":          "one",
		"\r\n  x\r\ny": "x",
	} {
		if got := firstLine(in); got != want {
			t.Errorf("firstLine(%.20q) = %q, want %q", in, got, want)
		}
	}
}

// A line of more than a message's length is in no tail, but in the log that Nix keeps.
func TestALogWithoutATail(t *testing.T) {
	keep := func() string { return "a.log" }
	for kind, want := range map[result.CauseKind]string{result.CauseBuild: "a.log", result.CauseFeature: ""} {
		if c := buildCause(nixlog.BuildFailure{Kind: kind, DrvPath: "/nix/store/a.drv"}, keep); c.Log != want {
			t.Errorf("%s: the log is %q, want %q", kind, c.Log, want)
		}
	}
}
