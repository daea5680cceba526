package git

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/flakeci/flakeci/internal/safefile"
)

// Root returns the nearest folder at or above dir that has a .git, or "". git never checks out an
// entry of that name, so no commit can bring one. git's own discovery would accept any folder with
// HEAD, objects and refs.
func Root(dir string) string {
	for {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// gitDir asks git for the git directory of a root, as only git knows which owners the user
// trusts, and requires that it is the one of .git.
func gitDir(ctx context.Context, root string, env []string) (string, error) {
	dir, err := run(ctx, env, askLimit, "-C", root, "rev-parse", "--absolute-git-dir")
	if err != nil {
		return "", err
	}
	want, err := dotGit(root)
	if err != nil {
		return "", err
	}
	got, err := os.Stat(dir)
	if err != nil {
		return "", err
	}
	if st, err := os.Stat(want); err != nil || !os.SameFile(got, st) {
		return "", fmt.Errorf("git uses %s as the repository of %s", dir, root)
	}
	return dir, nil
}

// maxGitFile limits a .git file, in bytes: it holds one path.
const maxGitFile = 64 << 10

// dotGit returns the git directory of a root's .git: itself or, in a submodule or an additional
// work tree, the directory that the file names.
func dotGit(root string) (string, error) {
	name := filepath.Join(root, ".git")
	st, err := os.Stat(name)
	if err != nil || st.IsDir() {
		return name, err
	}
	text, err := safefile.Read(name, maxGitFile)
	if err != nil {
		return "", err
	}
	dir, found := strings.CutPrefix(strings.TrimRight(string(text), "\r\n"), "gitdir: ")
	if !found {
		return "", fmt.Errorf("%s is not a git file", name)
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(root, dir)
	}
	return dir, nil
}

// checkConfig rejects a repository whose configuration includes a file of the tree, because then
// a commit could configure git. The user's own configuration may lie in the tree, as a home can
// be a repository.
func (r *Repo) checkConfig(ctx context.Context) error {
	list, err := r.git(ctx, "config", "--null", "--list", "--show-scope", "--show-origin")
	if err != nil {
		return err
	}
	fields := strings.Split(list, "\x00")
	for i := 0; i+2 < len(fields); i += 3 {
		scope, origin := fields[i], fields[i+1]
		file, isFile := strings.CutPrefix(origin, "file:")
		if !isFile || scope != "local" && scope != "worktree" {
			continue
		}
		if !filepath.IsAbs(file) {
			file = filepath.Join(r.root, file)
		}
		if real, err := filepath.EvalSymlinks(file); err == nil {
			file = real
		}
		if isInside(file, r.root) && !isInside(file, r.gitDir) && !isInside(file, filepath.Join(r.root, ".git")) {
			return fmt.Errorf("git's configuration includes %s, which a commit can change", file)
		}
	}
	return nil
}

func isInside(file, folder string) bool {
	if real, err := filepath.EvalSymlinks(folder); err == nil {
		folder = real
	}
	rel, err := filepath.Rel(folder, file)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
