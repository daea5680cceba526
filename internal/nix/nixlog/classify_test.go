package nixlog

import (
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestClassify(t *testing.T) {
	const drv = "/nix/store/00000000000000000000000000000000-x.drv"
	tests := []struct {
		text string
		kind result.CauseKind
		drv  string
	}{
		// What a name or a log says is not what Nix says.
		{"builder for '/nix/store/00000000000000000000000000000000-substituter-timed-out.drv' failed with exit code 1", result.CauseBuild, "/nix/store/00000000000000000000000000000000-substituter-timed-out.drv"},
		{"builder for '" + drv + "' failed with exit code 1;\n       last 2 log lines:\n       > HTTP error 503, timed out\n       > hash mismatch in fixed-output derivation", result.CauseBuild, drv},
		{"Cannot build '" + drv + "'.\nReason: builder failed with exit code 1.\nLast 1 log lines:\n> timed out", result.CauseBuild, drv},
		{"building of '" + drv + "!out' from .drv file timed out after 1 seconds", result.CauseTimeout, drv},
		{"writing to file: No space left on device", result.CauseDisk, ""},
		{"executing SQLite statement 'pragma synchronous = normal': disk I/O error (in '/nix/var/nix/db/db.sqlite')", result.CauseDisk, ""},
		{"cannot connect to socket at '/nix/var/nix/daemon-socket/socket': Connection refused", result.CauseDaemon, ""},
		{"opening lock file \"/nix/var/nix/db/big-lock\": Permission denied", result.CauseDaemon, ""},
		{"unable to download 'https://127.0.0.1/x.narinfo': HTTP error 503", result.CauseSubstituter, ""},
		{"unable to download 'https://c/nix-cache-info': Timeout was reached (28) Connection timed out after 5001 milliseconds", result.CauseSubstituter, ""},
		{"hash mismatch importing path '/nix/store/00000000000000000000000000000000-x';\n  specified: sha256:0\n  got:       sha256:1", result.CauseSubstituter, ""},
		{"cannot build on 'ssh://b': error: failed to start SSH connection", result.CauseBuilder, ""},
		{"cannot build on 'ssh://b': ssh: connect to host b port 22: Connection timed out", result.CauseBuilder, ""},
		{"unable to start any build; either increase '--max-jobs' or enable remote builds.", result.CauseBuilder, ""},
		{"unable to start any build; remote machines may not have all required system features.", result.CauseBuilder, ""},
		{"Cannot build '" + drv + "'.\nReason: local builds are disabled (max-jobs = 0)\nHint: set 'max-jobs'", result.CauseBuilder, drv},
		{"cannot connect to socket at '/nix/var/nix/daemon-socket/socket': Connection timed out", result.CauseDaemon, ""},
		// The words for a lack, by version.
		{"a 'x86_64-linux' with features {kvm} is required to build '" + drv + "', but I am a 'x86_64-linux' with features {}", result.CauseFeature, drv},
		{"a 'aarch64-linux' with features {} is required to build '" + drv + "', but I am a 'x86_64-linux' with features {kvm}", result.CauseSystem, drv},
		{"Cannot build '" + drv + "'.\nReason: required system or feature not available\nRequired system: 'x86_64-linux' with features {kvm}\nCurrent system: 'x86_64-linux' with features {benchmark}", result.CauseFeature, drv},
		{"Cannot build '" + drv + "'.\nReason: required system or feature not available\nRequired system: 'aarch64-darwin' with features {}\nCurrent system: 'x86_64-linux' with features {benchmark}", result.CauseSystem, drv},
		{"Cannot build '" + drv + "'.\nReason: missing system features\nRequired features: {kvm}", result.CauseFeature, drv},
		{"Cannot build '" + drv + "'.\nReason: platform mismatch\nRequired system: 'aarch64-linux'\nCurrent system: 'x86_64-linux'", result.CauseSystem, drv},
		{"out of memory", result.CauseMemory, ""},
		{"something else", result.CauseInfra, ""},
	}
	for _, tt := range tests {
		if f := Classify(tt.text); f.Kind != tt.kind || f.DrvPath != tt.drv || f.Message != tt.text {
			t.Errorf("%q is %s of %q", tt.text, f.Kind, f.DrvPath)
		}
	}
}

// Each version has its own words for what a machine lacks and what it has.
func TestLacks(t *testing.T) {
	for text, want := range map[string]BuildFailure{
		"a 'x86_64-linux' with features {big-parallel, kvm} is required to build 'x', but I am a 'x86_64-linux' with features {big-parallel, nixos-test}":                            {Kind: result.CauseFeature, Missing: []string{"kvm"}},
		"Cannot build 'x'.\nReason: required system or feature not available\nRequired system: 'x86_64-linux' with features {a, b}\nCurrent system: 'x86_64-linux' with features {}": {Kind: result.CauseFeature, Missing: []string{"a", "b"}},
		"Cannot build 'x'.\nReason: missing system features\nRequired features: {big-parallel, kvm}\nAvailable features: {big-parallel}":                                             {Kind: result.CauseFeature, Missing: []string{"kvm"}},
		"a 'aarch64-linux' with features {} is required to build 'x', but I am a 'x86_64-linux' with features {kvm}":                                                                 {Kind: result.CauseSystem, System: "aarch64-linux"},
		"Cannot build 'x'.\nReason: platform mismatch\nRequired system: 'aarch64-linux'\nCurrent system: 'x86_64-linux'":                                                             {Kind: result.CauseSystem, System: "aarch64-linux"},
		"Cannot build 'x'.\nReason: missing system features": {Kind: result.CauseFeature},
	} {
		if f := Classify(text); f.Kind != want.Kind || f.System != want.System || !slices.Equal(f.Missing, want.Missing) {
			t.Errorf("%s: %s, lacks %q %q", text, f.Kind, f.Missing, f.System)
		}
	}
}

// A builder that could not write differs from one whose log only mentions the words.
func TestNoSpace(t *testing.T) {
	for line, want := range map[string]bool{
		"cp: error writing 'x': No space left on device":        true,
		"OSError: [Errno 28] No space left on device: '/build'": true,
		"write /build/x: no space left on device":               true,
		"Error: ENOSPC: no space left on device, write":         true,
		"test_disk_full ... ok":                                 false,
		"ok 17 - says that the disk is full: disk full":         false,
		"ok 18 - handles 'no space left on device'":             false,
	} {
		f := BuildFailure{Kind: result.CauseBuild}
		f.addTail(&tail{lines: []string{line, "exit"}})
		if got := f.Kind == result.CauseDisk; got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}

// Where there is no /bin/sh, the machine is to blame and not the builder.
func TestNoShell(t *testing.T) {
	const newer = "\x1b[31;1merror:\x1b[0m executing '\x1b[35;1m/bin/sh\x1b[0m': \x1b[35;1mNo such file or directory\x1b[0m"
	older := []string{"\x01", "\x05\x00\x00Error\x00\x00\x05\x00Error\x00\x00D\x00\x00executing '\x1b[35;1m/bin/sh\x1b[0m': \x1b[35;1mNo such file or directory\x1b[0m\x00\x00\x00"}
	for _, tt := range []struct {
		lines []string
		exit  int
		want  bool
	}{
		{older, 1, true},
		{[]string{newer}, 1, true},
		{[]string{newer}, 2, false},
		{[]string{"one", "two", newer}, 1, false},
		{[]string{strings.ReplaceAll(newer, "/bin/sh", "/bin/ksh")}, 1, false},
		{[]string{"Error: executing '/bin/sh': No such file or directory"}, 1, false},
		{nil, 1, false},
	} {
		f := BuildFailure{Kind: result.CauseBuild, ExitCode: tt.exit}
		f.addTail(&tail{lines: tt.lines})
		if f.NoShell != tt.want || (f.Kind == result.CauseInfra) != tt.want {
			t.Errorf("%q, exit %d: %s %v", tt.lines, tt.exit, f.Kind, f.NoShell)
		}
	}
}
