package runner

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/proc"
)

func TestBlame(t *testing.T) {
	const own = "/nix/store/00000000000000000000000000000000-own.drv"
	cause := func(kind nix.FailureKind, drv string) *Cause { return &Cause{Kind: string(kind), DrvPath: drv} }
	tests := map[string]struct {
		causes []*Cause
		want   Status
	}{
		"its own builder":               {[]*Cause{cause(nix.FailBuilder, own)}, Failed},
		"a dependency":                  {[]*Cause{cause(nix.FailBuilder, "dep")}, DependencyFailed},
		"a dependency's hash":           {[]*Cause{cause(nix.FailHash, "dep")}, DependencyFailed},
		"its own time":                  {[]*Cause{cause(nix.FailTimeout, own)}, TimedOut},
		"a dependency's time":           {[]*Cause{cause(nix.FailTimeout, "dep")}, TimedOut},
		"the machine":                   {[]*Cause{cause(nix.FailDisk, own)}, Error},
		"the daemon":                    {[]*Cause{cause(nix.FailDaemon, "")}, Error},
		"the machine and a dependency":  {[]*Cause{cause(nix.FailFeature, "a"), cause(nix.FailBuilder, "b")}, DependencyFailed},
		"a dependency, then its own":    {[]*Cause{cause(nix.FailBuilder, "a"), cause(nix.FailBuilder, own)}, Failed},
		"a dependency's time and fault": {[]*Cause{cause(nix.FailTimeout, "a"), cause(nix.FailBuilder, "b")}, DependencyFailed},
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
		return &nix.EvalError{Message: "no", Place: nix.Place{File: file, Line: 1}}
	}
	if cs.ofEval(throw("a.nix")) != cs.ofEval(throw("a.nix")) {
		t.Error("one error in two cells is two causes")
	}
	if cs.ofEval(throw("a.nix")) == cs.ofEval(throw("b.nix")) {
		t.Error("errors in two places are one cause")
	}
	leaf := nix.BuildFailure{DrvPath: "/nix/store/x-a.drv", Kind: nix.FailBuilder, Tail: []string{"x"}}
	logs := 0
	keep := func() string { logs++; return "log" }
	if cs.ofBuild(leaf, keep) != cs.ofBuild(leaf, keep) || logs != 1 {
		t.Errorf("one leaf in two cells is two causes, or its log was kept %d times", logs)
	}
}

// A full disk, or a daemon that is gone, is one cause of whatever failed for it.
func TestTheMachineIsOne(t *testing.T) {
	var cs causes
	disk := cs.ofEval(&nix.EvalError{Message: "write of 51 bytes: No space left on device"})
	daemon := cs.ofEval(&nix.EvalError{Message: "cannot connect to socket at '/s': Connection refused"})
	for _, name := range []string{"a", "b"} {
		f := nix.BuildFailure{DrvPath: name, Kind: nix.FailDisk}
		if cs.ofBuild(f, nil) != disk {
			t.Error("the full disk is more than one cause")
		}
		f.Kind, f.Message = nix.FailDaemon, "Nix daemon disconnected unexpectedly"
		if cs.ofBuild(f, nil) != daemon {
			t.Error("the daemon that is gone is more than one cause")
		}
		// One that told of it itself may mean a disk of its own, and has a log.
		f.Kind, f.Tail = nix.FailDisk, []string{"mkfs: No space left on device"}
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
	others := make(chan *Cause)
	slow := func(drv string, keepLog func() string) *Cause {
		return cs.ofBuild(nix.BuildFailure{DrvPath: drv, Kind: nix.FailBuilder, Tail: []string{"x"}}, keepLog)
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
		err               error
		kind, title, hint string
		status            Status
	}{
		"assertions": {
			&nix.EvalError{Message: "\nFailed assertions:\n- eth0 is not set\n- nor is eth1"},
			"eval", "does not evaluate: Failed assertions: eth0 is not set", "", Failed,
		},
		"throw": {&nix.EvalError{Message: "first\nsecond"}, "eval", "does not evaluate: first", "", Failed},
		"recursion": {
			&nix.EvalError{Message: "infinite recursion encountered"},
			"eval", "infinite recursion", "needs itself", Failed,
		},
		"untracked": {
			&nix.EvalError{Message: "getting status", Untracked: "hosts/new.nix"},
			"eval", "getting status", "git add hosts/new.nix", Failed,
		},
		"input of the flake": {
			&nix.EvalError{Message: "git failed", Input: &nix.InputFault{Name: "secrets", URL: "git+ssh://h/s"}},
			"input", "input secrets could not be fetched", "asked for by the flake itself", Error,
		},
		"input of an input": {
			&nix.EvalError{Message: "git failed", Input: &nix.InputFault{Name: "mid/secrets", URL: "git+ssh://h/s"}},
			"input", "input mid/secrets", "asked for by input mid", Error,
		},
		"killed": {&proc.Error{Argv: []string{"nix"}, Signal: syscall.SIGKILL}, "infra", "killed by signal 9", "memory", Error},
		"lost":   {&proc.Error{Argv: []string{"nix"}, Signal: syscall.SIGKILL, Err: proc.ErrLost}, "infra", "its supervisor was killed", "", Error},
		"import": {
			&nix.EvalError{Message: "builder failed", Build: &nix.BuildFailure{DrvPath: "/nix/store/00000000000000000000000000000000-gen.drv", Kind: nix.FailBuilder, ExitCode: 3, Tail: []string{"no"}}},
			"build", "gen failed to build (exit 3)", "", Failed,
		},
		"no room": {&proc.Error{Argv: []string{"nix"}, Signal: syscall.SIGBUS}, "disk-full", "killed by signal 7", "free some disk", Error},
		"no heap": {
			&proc.Error{Argv: []string{"nix"}, Signal: syscall.SIGABRT, LastLine: "Insufficient space for initial table allocation"},
			"out-of-memory", "signal 6 (aborted) for want of memory", "ulimit", Error,
		},
		"aborted": {&proc.Error{Argv: []string{"nix"}, Signal: syscall.SIGABRT, LastLine: "Assertion failed"}, "eval", "signal 6", "recursion", Failed},
		"read-only store": {
			&nix.EvalError{Message: "remounting /nix/store writable: Invalid argument"},
			"infra", "remounting", "", Error,
		},
		"crashed": {&proc.Error{Argv: []string{"nix"}, Signal: syscall.SIGSEGV}, "eval", "signal 11", "recursion", Failed},
		"other":   {errors.New("no such thing"), "infra", "no such thing", "", Error},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := FlakeCause(tt.err)
			if c.Kind != tt.kind || !strings.Contains(c.Title, tt.title) || !strings.Contains(c.Hint, tt.hint) || c.status() != tt.status {
				t.Errorf("got %s %q, hint %q, status %s", c.Kind, c.Title, c.Hint, c.status())
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
		failure nix.BuildFailure
		want    string
	}{
		{nix.BuildFailure{DrvPath: drv, Kind: nix.FailBuilder, ExitCode: 3}, "libfrob-1.2 failed to build (exit 3)"},
		{nix.BuildFailure{DrvPath: drv, Kind: nix.FailBuilder, Signal: 9}, "libfrob-1.2 failed to build (signal 9)"},
		{nix.BuildFailure{DrvPath: drv, Kind: nix.FailBuilder}, "libfrob-1.2 failed to build"},
		{
			nix.BuildFailure{DrvPath: drv, Kind: nix.FailBuilder, Message: "builder for '" + drv + "' failed to produce output path for output 'out' at \"/x\""},
			"libfrob-1.2 failed to build: it made no output",
		},
		{nix.BuildFailure{DrvPath: drv, Kind: nix.FailDisk, ExitCode: 1}, "libfrob-1.2 failed to build: the disk is full"},
		{nix.BuildFailure{Kind: nix.FailBuilder, Message: "output '/x' is not allowed to refer to the following paths:\n/y"}, "output '/x' is not allowed to refer to the following paths"},
		{nix.BuildFailure{DrvPath: drv, Kind: nix.FailFeature, Missing: []string{"kvm", "nixos-test"}}, "libfrob-1.2 needs kvm and nixos-test, which this machine lacks"},
		{nix.BuildFailure{DrvPath: drv, Kind: nix.FailFeature}, "libfrob-1.2 needs a system feature, which this machine lacks"},
		{nix.BuildFailure{Kind: nix.FailDaemon, Message: "cannot connect\nmore"}, "cannot connect"},
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
		failure nix.BuildFailure
		want    string // empty: nothing
	}{
		{nix.BuildFailure{Kind: nix.FailHash}, "got:"},
		{nix.BuildFailure{Kind: nix.FailFeature}, "system-features"},
		{nix.BuildFailure{Kind: nix.FailSystem}, "--builders"},
		{nix.BuildFailure{Kind: nix.FailDisk}, "nix-collect-garbage"},
		{nix.BuildFailure{DrvPath: drv, Kind: nix.FailMemory}, "--jobs"},
		{nix.BuildFailure{Kind: nix.FailMemory}, "ulimit"},
		{nix.BuildFailure{Kind: nix.FailTimeout}, "--option timeout"},
		{nix.BuildFailure{Kind: nix.FailDaemon}, "nix-daemon"},
		{nix.BuildFailure{Kind: nix.FailSubstituter}, "substituters"},
		{nix.BuildFailure{Kind: nix.FailRemote}, "--builders ''"},
		{nix.BuildFailure{DrvPath: drv, Kind: nix.FailBuilder, ExitCode: 1, Tail: []string{"Killed 3 mutants", "no frob"}}, ""},
		{nix.BuildFailure{DrvPath: drv, Kind: nix.FailBuilder, Signal: 9}, "memory"},
		{nix.BuildFailure{DrvPath: drv, Kind: nix.FailBuilder, ExitCode: 137}, "memory"},
		{nix.BuildFailure{DrvPath: drv, Kind: nix.FailBuilder, ExitCode: 2, Tail: []string{"g++: fatal error: Killed signal terminated program cc1plus", "make: *** [all] Error 1"}}, "memory"},
		{nix.BuildFailure{DrvPath: drv, Kind: nix.FailBuilder, ExitCode: 2, Tail: []string{"build.sh: line 3:    12 Killed                  cc"}}, "memory"},
		{nix.BuildFailure{DrvPath: drv, Kind: nix.FailBuilder, ExitCode: 101, Tail: []string{"process didn't exit successfully: `rustc` (signal: 9, SIGKILL: kill)"}}, "memory"},
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
	for kind, want := range map[nix.FailureKind]string{nix.FailBuilder: "a.log", nix.FailFeature: ""} {
		if c := buildCause(nix.BuildFailure{Kind: kind, DrvPath: "/nix/store/a.drv"}, keep); c.Log != want {
			t.Errorf("%s: the log is %q, want %q", kind, c.Log, want)
		}
	}
}
