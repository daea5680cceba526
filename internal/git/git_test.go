package git_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/git"
)

// run runs git in a folder and returns its output.
func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	id := []string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always"}
	out, err := exec.Command("git", append(id, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func commit(t *testing.T, dir, message string) string {
	t.Helper()
	run(t, dir, "commit", "-q", "--allow-empty", "-m", message)
	return run(t, dir, "rev-parse", "HEAD")
}

func open(t *testing.T, dir string) *git.Repo {
	t.Helper()
	r, err := git.Open(t.Context(), dir, os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// history is a repository with a branch that left main, later commits on main, and a merge of
// both, as in a pull request.
type history struct {
	dir                          string
	root, left, tip, ours, merge string
}

func newHistory(t *testing.T) history {
	t.Helper()
	h := history{dir: t.TempDir()}
	run(t, h.dir, "init", "-q")
	if err := os.Mkdir(filepath.Join(h.dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	h.root = commit(t, h.dir, "root")
	if err := os.WriteFile(filepath.Join(h.dir, "sub", "flake.nix"), []byte("{ }"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, h.dir, "add", "-A")
	h.left = commit(t, h.dir, "left")
	run(t, h.dir, "checkout", "-q", "-b", "ours")
	h.ours = commit(t, h.dir, "ours")
	run(t, h.dir, "checkout", "-q", "main")
	h.tip = commit(t, h.dir, "tip")
	run(t, h.dir, "tag", "-a", "v1", "-m", "v1")
	run(t, h.dir, "checkout", "-q", "-b", "merged", "main")
	run(t, h.dir, "merge", "-q", "--no-ff", "-m", "merge", "ours")
	h.merge = run(t, h.dir, "rev-parse", "HEAD")
	// Like hosting services for git.
	run(t, h.dir, "config", "uploadpack.allowAnySHA1InWant", "true")
	return h
}

// clone makes a shallow clone of one branch.
func (h history) clone(t *testing.T, branch string, args ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "clone")
	run(t, h.dir, append(append([]string{"clone", "-q", "--branch", branch}, args...), "file://"+h.dir, dir)...)
	return dir
}

func TestBase(t *testing.T) {
	h := newHistory(t)
	shallow := []string{"--depth=1"}
	single := []string{"--single-branch"}
	for name, c := range map[string]struct {
		branch, ref string
		clone       []string
		rev, note   string
	}{
		"where the branch left":     {"ours", "origin/main", nil, h.left, "where this branch left origin/main"},
		"an older commit":           {"ours", h.root, nil, h.root, ""},
		"a tag":                     {"merged", "v1", nil, h.tip, ""},
		"itself":                    {"ours", "HEAD", nil, h.ours, ""},
		"a branch not cloned":       {"ours", "main", single, h.left, "where this branch left main"},
		"a remote one not cloned":   {"ours", "origin/main", single, h.left, "where this branch left origin/main"},
		"shallow, a merge":          {"merged", h.tip, shallow, h.tip, ""},
		"shallow, its parent":       {"merged", "HEAD^", shallow, h.tip, ""},
		"shallow, its first parent": {"merged", "HEAD^1", shallow, h.tip, ""},
		"shallow, a branch":         {"merged", "main", shallow, h.tip, ""},
		"shallow, not a merge":      {"ours", "main", shallow, h.tip, "its tip, as this shallow clone does not show where the branch left it"},
		"shallow, the one before":   {"ours", "HEAD~1", shallow, h.left, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := h.clone(t, c.branch, c.clone...)
			before := run(t, dir, "log", "--format=%H") + run(t, dir, "for-each-ref")
			r := open(t, filepath.Join(dir, "sub"))
			got, err := r.Base(t.Context(), c.ref)
			if err != nil || got != (git.Commit{Rev: c.rev, Note: c.note}) {
				t.Errorf("got %+v, %v, want %s %q", got, err, c.rev, c.note)
			}
			if after := run(t, dir, "log", "--format=%H") + run(t, dir, "for-each-ref"); after != before {
				t.Errorf("the repository was\n%s\nand is\n%s", before, after)
			}
			if r.Has(t.Context(), got.Rev, "flake.nix") == (c.rev == h.root) {
				t.Error("flake.nix exists only from the second commit on")
			}
		})
	}
}

func TestNoBase(t *testing.T) {
	h := newHistory(t)
	empty := t.TempDir()
	run(t, empty, "init", "-q")
	lost := h.clone(t, "ours", "--depth=1")
	run(t, lost, "remote", "set-url", "origin", "file:///no/such/repository")
	for name, c := range map[string]struct{ dir, ref, why string }{
		"an option":       {h.dir, "--output=x", "is not a revision"},
		"nothing":         {h.dir, "", "is not a revision"},
		"a refspec":       {h.clone(t, "ours"), "main:refs/heads/evil", "there is no revision main:refs/heads/evil"},
		"no remote":       {h.dir, "no-such", "there is no revision no-such in this repository, and no remote to fetch it from"},
		"not there":       {h.clone(t, "ours"), "no-such", "couldn't find remote ref no-such"},
		"unavailable":     {lost, "main", "it could not be fetched from origin"},
		"no repository":   {t.TempDir(), "main", "is not in a git repository"},
		"no commit":       {empty, "main", "there is no commit in this repository yet"},
		"before the root": {h.clone(t, "ours"), h.root + "^", "there is no revision"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := git.Open(t.Context(), c.dir, os.Environ())
			if err == nil {
				_, err = r.Base(t.Context(), c.ref)
			}
			if err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("got %v, want %q", err, c.why)
			}
		})
	}
}

// In an additional work tree and in a submodule, .git is a file.
func TestBaseWhereDotGitIsAFile(t *testing.T) {
	h := newHistory(t)
	top := t.TempDir()
	run(t, top, "init", "-q")
	run(t, top, "submodule", "--quiet", "add", "file://"+h.dir, "module")
	tree := filepath.Join(t.TempDir(), "tree")
	run(t, h.dir, "worktree", "add", "-q", "--detach", tree, "ours")
	for dir, want := range map[string]string{
		filepath.Join(top, "module", "sub"): run(t, filepath.Join(top, "module"), "rev-parse", "HEAD"),
		filepath.Join(tree, "sub"):          h.ours,
	} {
		r := open(t, dir)
		got, err := r.Base(t.Context(), "HEAD")
		if err != nil || got.Rev != want || !r.Has(t.Context(), want, "flake.nix") {
			t.Errorf("%s: got %+v, %v, want %s", dir, got, err, want)
		}
	}
}

func TestNoGit(t *testing.T) {
	h := newHistory(t)
	t.Setenv("PATH", t.TempDir())
	if _, err := git.Open(t.Context(), h.dir, os.Environ()); err == nil || err.Error() != "git is not installed" {
		t.Errorf("got %v", err)
	}
}
