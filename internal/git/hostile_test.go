package git_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/git"
	"github.com/flakeci/flakeci/internal/git/planted"
	"github.com/flakeci/flakeci/internal/test/lanes"
)

// Whatever a checkout contains, flakeci's git runs no program that it names, and fetches from the
// checkout's own remote.
func TestHostileCheckout(t *testing.T) {
	lanes.Heavy(t, "takes some seconds")
	c := planted.New(t, nil)
	every := planted.Key{Name: "all at once"}
	for _, k := range c.Keys() {
		every.Config += k.Config
	}
	parent := planted.Git(t, c.Dir, "rev-parse", "HEAD^")
	for _, k := range append(c.Keys(), every) {
		c.Configure(t, k.Config)
		r := open(t, c.Nix)
		if _, err := r.Base(t.Context(), "origin/missing"); err == nil || !strings.Contains(err.Error(), "couldn't find remote ref missing") {
			t.Errorf("%s: git does not use the checkout's remote: %v", k.Name, err)
		}
		if r.Has(t.Context(), c.Fake, "flake.nix") || !r.Has(t.Context(), c.Head, "flake.nix") || r.Shallow(t.Context()) {
			t.Errorf("%s: git reads a commit from elsewhere", k.Name)
		}
		if sprung := c.Sprung(t); len(sprung) > 0 {
			t.Errorf("%s: %q ran", k.Name, sprung)
		}
	}
	for ref, rev := range map[string]string{"main": c.Head, "HEAD": c.Head, "HEAD^": parent, "origin/other": parent, c.Other: parent} {
		if got, err := open(t, c.Nix).Base(t.Context(), ref); err != nil || got.Rev != rev {
			t.Errorf("the base %s is %+v, %v, want %s", ref, got, err, rev)
		}
	}
	if sprung := c.Sprung(t); len(sprung) > 0 {
		t.Errorf("%q ran", sprung)
	}
}

// The traps work: an unguarded git springs them.
func TestPlantedTrapsSpring(t *testing.T) {
	c := planted.New(t, nil)
	traps := []string{"core.sshCommand", "ext", "insteadOf", "local-uploadpack", "hook.x.command", "filter.x.smudge", "attributesFile", "tar.x.command", "worktree"}
	var sprung []string
	for _, k := range c.Keys() {
		if !slices.Contains(traps, k.Name) {
			continue
		}
		c.Configure(t, k.Config)
		for _, args := range [][]string{{"fetch", "origin"}, {"archive", "main"}, {"archive", "--format=x", "main"}, {"update-ref", "refs/heads/y", "main"}, {"diff", "main^!"}, {"status"}} {
			cmd := exec.Command("git", append([]string{"-C", c.Nix}, args...)...)
			cmd.Env = slices.DeleteFunc(append(os.Environ(), "GIT_TERMINAL_PROMPT=0"), func(e string) bool { return strings.HasPrefix(e, "GIT_SSH_COMMAND=") })
			_ = cmd.Run() // most fail, once the trap was sprung
		}
		sprung = append(sprung, c.Sprung(t)...)
	}
	traps[slices.Index(traps, "hook.x.command")] = "hook" // which has no event, but the folder of hooks is there
	for _, name := range traps {
		if !slices.Contains(sprung, name) {
			t.Errorf("%s is no trap; sprung: %q", name, sprung)
		}
	}
}

// The user's configuration of the repository may include a file of the tree, which a hostile
// commit can change.
func TestConfigurationOfTheTree(t *testing.T) {
	c := planted.New(t, nil)
	planted.Git(t, c.Dir, "config", "include.path", "../.gitconfig")
	if _, err := git.Open(t.Context(), c.Nix, os.Environ()); err == nil || !strings.Contains(err.Error(), "includes "+filepath.Join(c.Dir, ".gitconfig")) {
		t.Errorf("got %v", err)
	}
	if sprung := c.Sprung(t); len(sprung) > 0 {
		t.Errorf("%q ran", sprung)
	}
}

// Hooks in the tree, which some repositories have, do not run.
func TestHooksOfTheTree(t *testing.T) {
	c := planted.New(t, nil)
	planted.Git(t, c.Dir, "config", "core.hooksPath", ".githooks")
	planted.Git(t, c.Dir, "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*") // so that fetching changes a ref
	if _, err := open(t, c.Dir).Base(t.Context(), "origin/other"); err != nil {
		t.Error(err)
	}
	if sprung := c.Sprung(t); len(sprung) > 0 {
		t.Errorf("%q ran", sprung)
	}
}

// A folder without .git is in no repository, whatever else it contains, and neither is one whose
// .git leads to a planted repository.
func TestOnlyDotGitIsARepository(t *testing.T) {
	c := planted.New(t, nil)
	if err := os.Rename(filepath.Join(c.Dir, ".git"), filepath.Join(t.TempDir(), "gone")); err != nil {
		t.Fatal(err)
	}
	if r, err := git.Open(t.Context(), c.Nix, os.Environ()); err == nil {
		t.Errorf("got %+v", r)
	}
	if err := os.Mkdir(filepath.Join(c.Nix, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	if r, err := git.Open(t.Context(), c.Nix, os.Environ()); err == nil {
		t.Errorf("with an empty .git: got %+v", r)
	}
}

// git rejects a repository of another user; --git-dir must not make git trust it.
func TestSomebodyElsesRepository(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	c := planted.New(t, nil)
	if err := os.Chown(c.Dir, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	if _, err := git.Open(t.Context(), c.Dir, os.Environ()); err == nil || !strings.Contains(err.Error(), "dubious ownership") {
		t.Errorf("got %v", err)
	}
	env := append(os.Environ(), "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0="+c.Dir)
	if _, err := git.Open(t.Context(), c.Dir, env); err != nil {
		t.Errorf("though the user trusts it: %v", err)
	}
}
