// Package output writes reports only to files that flakeci may replace.
package output

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/git"
	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/reports"
)

// Paths restricts the output paths that a stranger may have chosen. Those in
// flakeci.toml must be below the flake's folder. The default folder for artifacts must be
// below the working directory, because a checkout may hold a link of that name. Paths given
// by flags are not restricted.
type Paths struct {
	dir   string            // the paths in flakeci.toml must be below it
	name  string            // of dir, in messages
	below map[string]string // for a restricted flag, the folder that its path must be below
}

// New returns the paths for reports on the flake in a folder. The folder is empty for a flake that
// is not local.
func New(flakeDir string) *Paths {
	name := "the flake's folder"
	if flakeDir == "" {
		name = "this folder"
	}
	return &Paths{dir: fromHere(flakeDir), name: name, below: map[string]string{}}
}

// fromHere returns a folder as messages show it: relative if it is below the working directory.
func fromHere(dir string) string {
	if at, err := safefile.WorkingDir(); err == nil {
		if rel, err := filepath.Rel(at, dir); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	if dir == "" {
		return "." // the flake is not local, but there is a --config
	}
	return dir
}

// Restrict turns a path in flakeci.toml into one from the working directory, and restricts
// it.
func (p *Paths) Restrict(flag, path string) (string, error) {
	if !filepath.IsLocal(filepath.Clean(path)) {
		return "", fmt.Errorf("%s is outside %s", path, p.name)
	}
	if err := artifact.Check(p.dir, path); err != nil {
		return "", err
	}
	p.below[flag] = p.dir
	return filepath.Join(p.dir, path), nil
}

// RestrictTo restricts the path of a flag to one below a folder.
func (p *Paths) RestrictTo(flag, dir string) { p.below[flag] = dir }

// Artifacts returns the folder for full logs, nil without a path.
func (p *Paths) Artifacts(path string, redact func(io.Writer) io.WriteCloser) *artifact.Folder {
	if path == "" {
		return nil
	}
	return &artifact.Folder{Path: path, Below: p.below["artifacts"], Redact: redact}
}

// Check returns an error if the path of a flag is restricted, and flakeci must not replace what
// is there. Env is the environment for git.
func (p *Paths) Check(ctx context.Context, env []string, flag, path string) error {
	dir, restricted := p.below[flag]
	if !restricted {
		return nil
	}
	rel, err := filepath.Rel(dir, path)
	if err == nil {
		err = artifact.MayReplace(dir, rel, reports.IsReport)
	}
	if err != nil {
		return err
	}
	return untracked(ctx, env, dir, path)
}

// CheckArtifacts returns an error if flakeci must not write the full logs, or another file of
// that name, into a folder. Env is the environment for git.
func CheckArtifacts(ctx context.Context, env []string, folder *artifact.Folder, file string) error {
	err := folder.Check()
	if err == nil && folder.Below != "" {
		err = untracked(ctx, env, folder.Below, append(folder.Paths(), filepath.Join(folder.Path, file))...)
	}
	return err
}

// untracked returns an error if git tracks a file at or below one of the paths. It only
// runs git if something exists there. Below dir no path goes through a link.
func untracked(ctx context.Context, env []string, dir string, paths ...string) error {
	var there []string
	for _, path := range paths {
		full, err := filepath.EvalSymlinks(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			full, err = filepath.Abs(full)
		}
		if err != nil {
			return err
		}
		there = append(there, full)
	}
	at, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	for _, path := range there {
		// A submodule along the path tracks its own files.
		roots := slices.Compact([]string{git.Root(at), git.Root(path)})
		for _, root := range roots {
			if err := untrackedIn(ctx, env, root, path); err != nil {
				return err
			}
		}
	}
	return nil
}

// untrackedIn returns an error if the repository with this root tracks a path.
func untrackedIn(ctx context.Context, env []string, root, path string) error {
	if root == "" {
		return nil
	}
	repo, err := git.Open(ctx, root, env)
	tracked := ""
	if err == nil {
		tracked, err = repo.Tracked(ctx, path)
	}
	switch {
	case err != nil:
		return fmt.Errorf("cannot tell whether git tracks it: %w", err)
	case tracked != "":
		return fmt.Errorf("git tracks %s", tracked)
	}
	return nil
}

// Replace writes a report to the path of a flag.
func (p *Paths) Replace(flag, path string, text []byte) error {
	dir, restricted := p.below[flag]
	if !restricted {
		return replaceFile(path, text)
	}
	rel, err := filepath.Rel(dir, path)
	if err != nil {
		return err
	}
	return artifact.Replace(dir, rel, text, reports.IsReport)
}
