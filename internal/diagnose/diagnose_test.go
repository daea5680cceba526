package diagnose_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/flakeci/flakeci/internal/diagnose"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/result"
)

func TestEval(t *testing.T) {
	tests := map[string]struct {
		err         error
		kind        result.CauseKind
		title, hint string
		status      result.Status
	}{
		"assertions": {
			&nixlog.EvalError{Message: "Failed assertions:\n- eth0 is not set\n- nor is eth1", Assertions: []nixlog.Assertion{{Text: "eth0 is not set"}, {Text: "nor is eth1"}}},
			"eval", "does not evaluate: failed assertion: eth0 is not set", "", result.Failed,
		},
		"throw": {&nixlog.EvalError{Message: "first\nsecond"}, "eval", "does not evaluate: first", "", result.Failed},
		"recursion": {
			&nixlog.EvalError{Message: "infinite recursion encountered"},
			"eval", "infinite recursion", "depends on itself", result.Failed,
		},
		"untracked": {
			&nixlog.EvalError{Message: "getting status", Untracked: "hosts/new.nix"},
			"eval", "getting status", "git add hosts/new.nix", result.Failed,
		},
		"input of the flake": {
			&nixlog.EvalError{Message: "git failed", Input: &nixlog.InputFault{Name: "secrets", URL: "git+ssh://h/s"}},
			"input", "input secrets could not be fetched", "the flake itself requires", result.Error,
		},
		"input of an input": {
			&nixlog.EvalError{Message: "git failed", Input: &nixlog.InputFault{Name: "mid/secrets", URL: "git+ssh://h/s"}},
			"input", "input mid/secrets", "input mid requires", result.Error,
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
			"out-of-memory", "signal 6 (aborted) because memory ran out", "ulimit", result.Error,
		},
		"aborted": {&proc.Error{Argv: []string{"nix"}, Signal: syscall.SIGABRT, LastLine: "Assertion failed"}, "eval", "signal 6", "recursion", result.Failed},
		"read-only store": {
			&nixlog.EvalError{Message: "remounting /nix/store writable: Invalid argument"},
			"infra", "remounting", "", result.Error,
		},
		"assertion": {&proc.Error{Argv: []string{"nix"}, Signal: syscall.SIGABRT, LastLine: "Assertion 'scheme' failed in isRelative()"}, "eval", "signal 6", "a bug in Nix", result.Failed},
		"document":  {&nixlog.EvalError{Message: "[json.exception.type_error.316] invalid UTF-8 byte"}, "eval", "invalid UTF-8", "", result.Failed},
		"crashed":   {&proc.Error{Argv: []string{"nix"}, Signal: syscall.SIGSEGV}, "eval", "signal 11", "recursion", result.Failed},
		"other":     {errors.New("no such thing"), "infra", "no such thing", "", result.Error},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := diagnose.Eval(tt.err)
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
			"libfrob-1.2 failed to build: it produced no output",
		},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseDisk, ExitCode: 1}, "libfrob-1.2 failed to build: the disk is full"},
		{nixlog.BuildFailure{Kind: result.CauseBuild, Message: "output '/x' is not allowed to refer to the following paths:\n/y"}, "output '/x' is not allowed to refer to the following paths"},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseFeature, Missing: []string{"kvm", "nixos-test"}}, "libfrob-1.2 needs kvm and nixos-test, which this machine lacks"},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseFeature}, "libfrob-1.2 needs a system feature, which this machine lacks"},
		{nixlog.BuildFailure{Kind: result.CauseDaemon, Message: "cannot connect\nmore"}, "cannot connect"},
	}
	for _, tt := range tests {
		if got := diagnose.Build(tt.failure).Title; got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// Each kind of failure for which the builder is not to blame has a hint.
func TestBuildHint(t *testing.T) {
	const drv = "/nix/store/00000000000000000000000000000000-libfrob-1.2.drv"
	for _, tt := range []struct {
		failure nixlog.BuildFailure
		want    string // empty: no hint
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
		{nixlog.BuildFailure{Kind: result.CauseSubstituter, Reason: "SSL peer certificate or SSH remote key was not OK (60)"}, "ssl-cert-file"},
		{nixlog.BuildFailure{Kind: result.CauseBuilder}, "--builders ''"},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseBuild, ExitCode: 1, Tail: []string{"Killed 3 mutants", "no frob"}}, ""},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseBuild, Signal: 9}, "memory"},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseBuild, ExitCode: 137}, "memory"},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseBuild, ExitCode: 2, Tail: []string{"g++: fatal error: Killed signal terminated program cc1plus", "make: *** [all] Error 1"}}, "memory"},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseBuild, ExitCode: 2, Tail: []string{"build.sh: line 3:    12 Killed                  cc"}}, "memory"},
		{nixlog.BuildFailure{DrvPath: drv, Kind: result.CauseBuild, ExitCode: 101, Tail: []string{"process didn't exit successfully: `rustc` (signal: 9, SIGKILL: kill)"}}, "memory"},
	} {
		if got := diagnose.Build(tt.failure).Hint; !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%+v: the hint is %q", tt.failure, got)
		}
	}
}

// A line that is too long for a message of Nix is in no tail, but in the log that Nix keeps.
func TestALogWithoutATail(t *testing.T) {
	for kind, want := range map[result.CauseKind]bool{result.CauseBuild: true, result.CauseFeature: false} {
		if got := diagnose.HasLog(nixlog.BuildFailure{Kind: kind, DrvPath: "/nix/store/a.drv"}); got != want {
			t.Errorf("%s: there is a log: %v, want %v", kind, got, want)
		}
	}
}
