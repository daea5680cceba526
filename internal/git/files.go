package git

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/flakeci/flakeci/internal/safefile"
)

// Root returns the root of the checkout.
func (r *Repo) Root() string { return r.root }

// Files lists the files of the checkout that git tracks, relative to its root, and the Nix files that
// it would track, for whose sake a flake may be incomplete. Some may be missing. A submodule is
// listed as its folder.
func (r *Repo) Files(ctx context.Context) ([]string, error) {
	tracked, err := r.git(ctx, "ls-files", "-z", "--cached", "--deduplicate")
	if err != nil {
		return nil, err
	}
	others, err := r.git(ctx, "ls-files", "-z", "--others", "--exclude-standard", "--", "*.nix")
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(tracked+"\x00"+others, func(c rune) bool { return c == 0 }), nil
}

// Dirs returns the folders that hold the repository, as absolute paths: one or, in an additional
// work tree, also the one that all work trees share.
func (r *Repo) Dirs() []string {
	dirs := []string{r.gitDir}
	text, err := safefile.Read(filepath.Join(r.gitDir, "commondir"), maxGitFile)
	if err != nil {
		return dirs
	}
	common := strings.TrimRight(string(text), "\r\n")
	if !filepath.IsAbs(common) {
		common = filepath.Join(r.gitDir, common)
	}
	return append(dirs, filepath.Clean(common))
}

// Refresh makes git look at every file of a checkout again. After a copy, the index describes files
// of another file system, and Nix 2.8 takes them for changed.
func (r *Repo) Refresh(ctx context.Context) error {
	_, err := r.git(ctx, "update-index", "-q", "--really-refresh")
	return err
}
