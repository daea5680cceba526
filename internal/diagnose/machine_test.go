package diagnose

import (
	"errors"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
)

func TestFaultsOfTheMachine(t *testing.T) {
	for text, want := range map[string][2]string{
		`creating directory "/proc/y/nix": No such file or directory`:                                            {"creating directory", "let this user create /proc/y/nix"},
		`cannot open SQLite database '/home/u/.cache/nix/fetcher-cache-v1.sqlite': unable to open database file`: {"cannot open SQLite", "write to /home/u/.cache/nix/fetcher-cache-v1.sqlite"},
		`'/file' is not a directory`: {"'/file' is not", "make /file a folder"},
		"getting the HEAD of the Git tree '/x' failed with exit code 1:\nerror: executing 'git': No such file or directory": {"nix needs git, which is not on PATH", "install git"},
		`opening Git repository "/x": repository path '/x y' is not owned by current user (libgit2 error code = 7)`:         {"/x y belongs to another user", "safe.directory '/x y'"},
		"program 'git' failed with exit code 128\nfatal: detected dubious ownership in repository at '/x'":                  {"/x belongs to another user", "safe.directory '/x'"},
		`opening directory "/nix/store": Too many open files`:                                                               {"too many open files: opening directory", "ulimit -n"},
	} {
		c := Eval(&nixlog.EvalError{Message: text})
		if c.Kind != result.CauseInfra || !strings.HasPrefix(c.Title, want[0]) || !strings.Contains(c.Hint, want[1]) {
			t.Errorf("%s:\n%s %q\nhint: %s", text, c.Kind, c.Title, c.Hint)
		}
	}
}

// All that fails because Nix may open no more files has one cause.
func TestTooFewFilesAreOneCause(t *testing.T) {
	keys := map[string]bool{}
	for _, text := range []string{"nix: pipe2: too many open files", "cannot open '/dev/null': Too many open files", "nix build: nix: fork/exec /proc/self/exe: bad file descriptor"} {
		f := nixlog.BuildFailure{Kind: result.CauseInfra, Message: text}
		keys[BuildKey(f)], keys[Build(f).Key] = true, true
		keys[Eval(errors.New(text)).Key] = true
		keys[Eval(&nixlog.EvalError{Message: text}).Key] = true
	}
	delete(keys, "")
	if len(keys) != 1 {
		t.Errorf("the keys are %v", keys)
	}
}

// So has all that Nix has no shell for.
func TestNoShellIsOneCause(t *testing.T) {
	a := nixlog.BuildFailure{Kind: result.CauseInfra, DrvPath: "/nix/store/00000000000000000000000000000000-a.drv", ExitCode: 1, NoShell: true}
	b := a
	b.DrvPath = strings.ReplaceAll(a.DrvPath, "-a", "-b")
	if x, y := Build(a), Build(b); BuildKey(a) != BuildKey(b) || x.Key != y.Key || x.Key == "" || x.DrvPath != "" || !strings.Contains(x.Title, "no /bin/sh") || !strings.Contains(x.Hint, "sandbox-paths") {
		t.Errorf("%+v\n%+v", x, y)
	}
}
