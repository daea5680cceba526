package pack

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/git"
	"github.com/flakeci/flakeci/internal/safefile"
)

// leftOut are the parts of a repository that a run does not need, or must not have: a reflog and
// FETCH_HEAD name URLs, which may have a password.
var leftOut = []string{"hooks", "logs", "worktrees", "FETCH_HEAD", "gc.pid", "gc.log"}

// maxAlternates limits the list of other folders with objects, in bytes.
const maxAlternates = 1 << 20

// repository adds a git directory and the folders whose objects it uses.
func (w *Writer) repository(ctx context.Context, dir string) error {
	if w.done[dir] {
		return nil
	}
	w.done[dir] = true
	if err := w.walk(dir, dir, func(rel string, d fs.DirEntry) (bool, error) {
		name := filepath.Base(rel)
		switch {
		case strings.HasSuffix(name, ".lock"), slices.Contains(leftOut, name) && isTop(dir, rel):
			return false, nil
		case (name == "config" || name == "config.worktree") && isTop(dir, rel):
			path := filepath.Join(dir, rel)
			if w.done[path] {
				return false, nil
			}
			text, err := git.ConfigFile(ctx, path, w.Env)
			if err != nil {
				return false, err
			}
			return false, w.Bytes(path, text)
		}
		return true, nil
	}); err != nil {
		return err
	}
	objects := filepath.Join(dir, "objects")
	list, err := safefile.Read(filepath.Join(objects, "info", "alternates"), maxAlternates)
	if err != nil {
		return nil // most repositories have none
	}
	for line := range strings.Lines(string(list)) {
		other := strings.TrimRight(line, "\n")
		if other == "" || strings.HasPrefix(other, "#") {
			continue
		}
		if !filepath.IsAbs(other) {
			other = filepath.Join(objects, other)
		}
		if err := w.Tree(other, other); err != nil {
			return err
		}
	}
	return nil
}

// isTop reports whether an entry is in the top folder of a repository: the one in dir, or that of
// a submodule below it.
func isTop(dir, rel string) bool {
	above := filepath.Dir(rel)
	if above == "." {
		return true
	}
	_, err := os.Lstat(filepath.Join(dir, above, "HEAD"))
	return err == nil && strings.HasPrefix(rel, "modules/")
}
