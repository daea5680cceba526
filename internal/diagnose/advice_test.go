package diagnose

import (
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/flaketree"
	"github.com/flakeci/flakeci/internal/nix/modulesystem"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
)

// errorCase is an error and what is said about it, in the words of one or several versions.
type errorCase struct {
	advice      string // its name
	err         nixlog.EvalError
	kind        result.CauseKind
	title, hint string
}

func said(advice, message, title, hint string) errorCase {
	return errorCase{advice, nixlog.EvalError{Message: message}, result.CauseEval, title, hint}
}

func module(message, title, hint string) errorCase {
	m, _ := modulesystem.Parse(message)
	return errorCase{"module system", nixlog.EvalError{Message: message, Module: &m}, result.CauseEval, title, hint}
}

func adviceCases() []errorCase {
	lock := result.Location{File: "flake.lock", Line: 7}
	spoiled := func(file string, by flaketree.Spoiler) nixlog.EvalError {
		return nixlog.EvalError{Message: "syntax error", Spoiled: &flaketree.Spoiled{Place: result.Location{File: file}, By: by}}
	}
	locked := func(kind nixlog.LockFaultKind) nixlog.EvalError {
		return nixlog.EvalError{Message: "no", Place: lock, Lock: &nixlog.LockFault{Kind: kind, Version: 8, Input: "dep"}, Input: &nixlog.InputFault{Name: "dep"}}
	}
	const unfree = "Package ‘discord-0.0.76’ in /nix/store/00000000000000000000000000000000-source/pkgs/d.nix:5 has an unfree license (‘unfree’), refusing to evaluate."
	return []errorCase{
		{"setting", nixlog.EvalError{Message: "Git tree '/x' is dirty", Setting: "allow-dirty", Value: "false"}, "infra", "Nix is set to allow-dirty = false", "commit"},
		{"setting", nixlog.EvalError{Message: "no", Setting: "restrict-eval", Value: "true"}, "infra", "Nix is set to restrict-eval = true", "--option restrict-eval false"},
		{"spoiled file", spoiled("a.nix", flaketree.GitCrypt), "eval", "a.nix is encrypted (git-crypt)", "git-crypt unlock"},
		{"spoiled file", spoiled("a.nix", flaketree.Age), "eval", "a.nix is encrypted (age)", "decrypt"},
		{"spoiled file", spoiled("a.nix", flaketree.LFS), "eval", "a.nix is a git-lfs pointer", "lfs=1"},
		{"spoiled file", spoiled("a.nix", flaketree.UTF16), "eval", "a.nix is written in UTF-16", "UTF-8"},
		{"spoiled file", spoiled("a.nix", flaketree.Conflict), "eval", "a.nix has a merge conflict", "<<<<<<<"},
		{"spoiled file", spoiled("sub/flake.lock", flaketree.Conflict), "eval", "sub/flake.lock has a merge conflict", "-- sub/flake.lock"},
		{"lock file", locked(nixlog.LockEmpty), "eval", "flake.lock is empty", "nix flake lock"},
		{"lock file", locked(nixlog.LockSyntax), "eval", "flake.lock is not JSON", "git log"},
		{"lock file", locked(nixlog.LockVersion), "eval", "format version 8", "nix flake lock"},
		{"lock file", locked(nixlog.LockContent), "eval", "flake.lock: no", "nix flake lock"},
		{"lock file", locked(nixlog.LockHash), "eval", "input dep is not what flake.lock says", "nix flake update dep"},
		{"lock file", locked(nixlog.LockRevision), "input", "input dep could not be fetched", "nix flake update dep"},
		{"lock file", nixlog.EvalError{Message: "in the flake of input dep: no", Lock: &nixlog.LockFault{Kind: nixlog.LockSyntax, Input: "dep"}}, "eval", "in the flake of input dep", "--override-input dep REF"},
		{"input", nixlog.EvalError{Message: "no", Input: &nixlog.InputFault{Name: "dep"}}, "input", "input dep", "--override-input dep"},
		{"fetch", nixlog.EvalError{Message: "no", Fetch: &nixlog.Fetch{URL: "https://example.org/x", Reason: "HTTP error 503"}}, "input", "https://example.org/x could not be fetched: HTTP error 503", "make it an input"},
		{"fetch", nixlog.EvalError{Message: "no", Fetch: &nixlog.Fetch{URL: "https://example.org/x", Reason: "HTTP error 404", Refused: true}}, "eval", "https://example.org/x could not be fetched: HTTP error 404", ""},
		{"fetch", nixlog.EvalError{Message: "SSL certificate problem: unable to get local issuer certificate", Fetch: &nixlog.Fetch{URL: "https://h/x", Reason: "no"}}, "input", "https://h/x", "ssl-cert-file"},
		{"wrong hash", nixlog.EvalError{Message: "hash mismatch in file downloaded from 'https://u:p@example.org/x':\n  specified: sha256:0\n  got: sha256:1"}, "hash-mismatch", "https://example.org/x does not have the expected hash", "the hash after 'got:'"},
		{"submodule", nixlog.EvalError{Message: "path 'sub/v' does not exist", Submodule: "sub"}, "eval", "the git submodule sub is left out", "submodules=1"},
		{"untracked", nixlog.EvalError{Message: "path 'v' does not exist", Untracked: "v"}, "eval", "path 'v'", "git add v"},
		said("import from derivation", "cannot build '/nix/store/00000000000000000000000000000000-gen.drv^out' during evaluation because the option 'allow-import-from-derivation' is disabled", "gen has to be built first", "allow-import-from-derivation true"),
		said("import from derivation", "cannot build '/nix/store/00000000000000000000000000000000-gen.drv' during evaluation because the option 'allow-import-from-derivation' is disabled", "gen has to be built first", "allow-import-from-derivation true"),
		said("package", unfree+"\n\na) To temporarily allow unfree packages, …", "package discord-0.0.76 has an unfree license (unfree)", `[ "discord" ]`),
		said("package", "Refusing to evaluate package 'discord-0.0.76' in «github:NixOS/nixpkgs/0»/pkgs/d.nix:5 because it has an unfree license (‘unfree’)\n\na) To", "package discord-0.0.76 has an unfree license (unfree)", "allowUnfreePredicate"),
		said("package", "Package ‘x-1’ in /p:1 contains elements not built from source (‘binaryNativeCode’), refusing to evaluate.", "package x-1 contains elements", "allowNonSourcePredicate"),
		said("package", "Refusing to evaluate package 'frob-1' in /p:10 because it has problems:\n- broken: This package is broken.\n\nSee also https://…", "package frob-1 is marked as broken", "allowBroken"),
		said("package", "Refusing to evaluate package 'frob-1' in /p:10 because it has problems:\n- removal: Use grob instead.\n\nSee also https://…", "package frob-1 has a problem (removal): Use grob instead", `problems.handlers.frob.removal = "warn"`),
		said("package", "Package ‘x-1’ in ‘/p:1’ is not supported on ‘x86_64-darwin’, refusing to evaluate.", "package x-1 is not supported on x86_64-darwin", "availableOn"),
		said("package", "Package ‘x-1’ in /p:1 has a blocklisted license (‘x’), refusing to evaluate.", "package x-1 has a blocklisted license (x)", ""),
		{"module argument", nixlog.EvalError{Message: "attribute 'unstable' missing", Place: result.Location{File: "a.nix", Line: 1}, Argument: "unstable"}, "eval", "module a.nix asks for the argument unstable", "_module.args.unstable"},
		module("The option `programs.gitt' does not exist. Definition values:\n- In `a.nix': 1\n\nDid you mean `programs.git', `programs.gh' or `programs.gitui'?", "option programs.gitt does not exist, set in a.nix", "did you mean programs.git, programs.gh or programs.gitui?"),
		module("The option `a.b' does not exist. Definition values:\n- In `a.nix': 1", "option a.b does not exist, set in a.nix", "imported"),
		module("The option `a.b' is used but not defined.", "option a.b has no value", "set it"),
		module("The option `a.b' has conflicting definition values:\n- In `a.nix': 1\n- In `b.nix': 2", "conflicting values: 1 in a.nix, 2 in b.nix", "lib.mkForce"),
		module("The option `a.b' is read-only, but it's set multiple times. Definition values:\n- In `a.nix': 1", "read-only option a.b", "remove"),
		module("The option `a.b' in `a.nix' is already declared in `b.nix'.", "declared twice", "import"),
		module("Module `a.nix' has an unsupported attribute `x'. This", "module a.nix has an attribute x", "into config"),
		said("current system", "attribute 'currentSystem' missing", "currentSystem", "--impure"),
		said("current time", "attribute 'currentTime' missing", "currentTime", "lastModified"),
		said("search path", "cannot look up '<nixpkgs/lib>' in pure evaluation mode (use '--impure' to override)", "in pure evaluation mode", "inputs.nixpkgs)"),
		said("impure search path", "file 'nixpkgs' was not found in the Nix search path (add it using $NIX_PATH or -I)", "nixpkgs", "<nixpkgs>"),
		said("absolute path", "access to absolute path '/etc/x' is forbidden in pure eval mode (use '--impure' to override)", "/etc/x", "relative path"),
		said("absolute path", "access to absolute path '/nix/store/x' is forbidden in pure evaluation mode (use '--impure' to override)", "/nix/store/x", "make it an input"),
		said("home path", "the path '~/x' can not be resolved in pure mode", "~/x", "relative path"),
		said("store path", "'builtins.storePath' is not allowed in pure evaluation mode", "storePath", "input"),
		said("unpinned fetch", "in pure evaluation mode, 'fetchTarball' requires a 'sha256' argument", "fetchTarball", "sha256 = …"),
		said("unpinned fetch", "in pure evaluation mode, 'fetchTree' requires a locked input, at flake.nix:14:8", "requires a locked input", "rev = …"),
		said("unpinned fetch", "in pure evaluation mode, 'fetchGit' doesn't fetch unlocked input 'git+file:///x'", "unlocked input", "(rev = …)"),
		said("unpinned fetch", "in pure evaluation mode, 'fetchTree' will not fetch unlocked input 'github:a/b'", "unlocked input", "narHash"),
		said("unpinned fetch", "in pure evaluation mode, 'fetchMercurial' requires a Mercurial revision", "fetchMercurial", "rev = …"),
		said("unlocked flake", "cannot call 'getFlake' on unlocked flake reference '/x', at «none»:0 (use --impure to override)", "'/x'", "flake.lock"),
		{"impure value", nixlog.EvalError{Message: "HOME is needed", Impure: "getEnv"}, "eval", "HOME is needed", "builtins.getEnv"},
		said("infinite recursion", "infinite recursion encountered", "infinite recursion", "depends on itself"),
		{"call depth", nixlog.EvalError{Message: "stack overflow; max-call-depth exceeded", Value: "10000"}, "eval", "max-call-depth", "more than 10000 deep"},
		said("stack overflow", "stack overflow (possible infinite recursion)", "stack overflow", "ulimit -s"),
		said("abort", "evaluation aborted with the following error message: 'line 1\nline 2'", "aborted: line 1", ""),
		said("experimental feature", "experimental Nix feature 'pipe-operators' is disabled; use '--extra-experimental-features pipe-operators' to override", "pipe-operators", "--option extra-experimental-features pipe-operators"),
	}
}

// Each advice has an example, which no other takes, and fits in a line.
func TestAdvice(t *testing.T) {
	missing := map[string]bool{}
	for _, a := range advices {
		missing[a.name] = true
	}
	for _, tt := range adviceCases() {
		delete(missing, tt.advice)
		t.Run(tt.advice, func(t *testing.T) {
			for _, a := range advices {
				if a.found(&tt.err) != nil {
					if a.name != tt.advice {
						t.Errorf("%q is taken for: %s", tt.err.Message, a.name)
					}
					break
				}
			}
			c := evalError(&tt.err)
			if c.Kind != tt.kind || !strings.Contains(c.Title, tt.title) || !strings.Contains(c.Hint, tt.hint) || strings.Contains(c.Title+c.Hint, "%!") {
				t.Errorf("got %s %q, hint %q", c.Kind, c.Title, c.Hint)
			}
			if strings.Contains(c.Title, "\n") || strings.Contains(c.Title, "--impure") || strings.Contains(c.Title, ", at ") {
				t.Errorf("title %q", c.Title)
			}
			if again := evalError(&tt.err); again.StableKey() != c.StableKey() || again.Title != c.Title {
				t.Errorf("not the same cause again: %+v", again)
			}
		})
	}
	for name := range missing {
		t.Errorf("no example of: %s", name)
	}
}

// The page of advice about other commands is left out, but not what is known about a package.
func TestPackageMessages(t *testing.T) {
	c := evalError(&nixlog.EvalError{Message: "Package ‘openssl-1.1.1w’ in /p:1 is marked as insecure, refusing to evaluate.\n\n\nKnown issues:\n - CVE-2023-1\n\nYou can install it anyway by allowing this package, using the\nfollowing methods:\n\na) To …"})
	if !strings.HasSuffix(c.Message, "- CVE-2023-1") || !strings.Contains(c.Hint, `permittedInsecurePackages = [ "openssl-1.1.1w" ]`) {
		t.Errorf("message %q, hint %q", c.Message, c.Hint)
	}
}

// What breaks several hosts is one cause, whatever each of them says about it.
func TestOneCauseForOneFile(t *testing.T) {
	for name, errs := range map[string][2]nixlog.EvalError{
		"spoiled": {
			{Message: "syntax error", Spoiled: &flaketree.Spoiled{Place: result.Location{File: "a"}, By: flaketree.LFS}},
			{Message: "parse error", Spoiled: &flaketree.Spoiled{Place: result.Location{File: "a"}, By: flaketree.LFS}},
		},
		"submodule": {{Message: "path 'sub/a' does not exist", Submodule: "sub"}, {Message: "attribute 'b' missing", Submodule: "sub"}},
		"import": {
			{Message: "cannot build '/nix/store/00000000000000000000000000000000-gen.drv' during evaluation because the option 'allow-import-from-derivation' is disabled", Place: result.Location{File: "a.nix", Line: 1}},
			{Message: "cannot build '/nix/store/00000000000000000000000000000001-gen.drv^out' during evaluation because the option 'allow-import-from-derivation' is disabled", Place: result.Location{File: "b.nix", Line: 2}},
		},
		"option": {
			{Message: "The option `home-manager.users.a.x.y' does not exist. Definition values:\n- In `a.nix': 1", Module: &modulesystem.Error{Kind: modulesystem.Undeclared, Option: "home-manager.users.a.x.y", Definitions: []modulesystem.Definition{{File: "a.nix", Value: "1"}}}},
			{Message: "The option `x.y' does not exist. Definition values:\n- In `a.nix': 2", Module: &modulesystem.Error{Kind: modulesystem.Undeclared, Option: "x.y", Definitions: []modulesystem.Definition{{File: "a.nix", Value: "2"}}}},
		},
		"setting": {{Message: "a", Setting: "abort-on-warn", Value: "true"}, {Message: "b", Setting: "abort-on-warn", Value: "true"}},
	} {
		if a, b := evalError(&errs[0]), evalError(&errs[1]); a.Key == "" || a.Key != b.Key {
			t.Errorf("%s: keys %q and %q", name, a.Key, b.Key)
		}
	}
}

func TestHookTitle(t *testing.T) {
	for want, f := range map[string]nixlog.BuildFailure{
		"the post-build hook /h failed (exit 3)":   {Kind: result.CauseInfra, Hook: "/h", ExitCode: 3},
		"the post-build hook /h failed (signal 9)": {Kind: result.CauseInfra, Hook: "/h", Signal: 9},
	} {
		if c := Build(f); c.Title != want || !strings.Contains(c.Hint, "--option post-build-hook ''") || c.Kind.Status() != result.Error {
			t.Errorf("got %+v", c)
		}
	}
}
