package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/internal/git"
	"github.com/flakeci/flakeci/internal/secretenv"
	"github.com/flakeci/flakeci/reports"
)

// outputFlags name files and folders to write.
var outputFlags = []string{"json", "junit", "markdown", "html", "trace", "artifacts"}

// outputPaths restricts the output paths that a stranger may have chosen. Those in
// flakeci.toml must be below the flake's folder. The default folder for artifacts must be
// below the working directory, because a checkout may hold a link of that name. Paths given
// by flags are not restricted.
type outputPaths struct {
	dir   string            // the paths in flakeci.toml must be below it
	below map[string]string // for a restricted flag, the folder that its path must be below
}

func newOutputPaths(flakeDir string) *outputPaths {
	return &outputPaths{dir: fromHere(flakeDir), below: map[string]string{}}
}

// fromHere returns a folder as it is displayed: relative if it is below the working
// directory.
func fromHere(dir string) string {
	if at, err := workingDir(); err == nil {
		if rel, err := filepath.Rel(at, dir); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	if dir == "" {
		return "." // the flake is not local, but there is a --config
	}
	return dir
}

// restrict turns a path in flakeci.toml into one from the working directory, and restricts
// it.
func (f *outputPaths) restrict(flag, path string) (string, error) {
	if err := artifact.Check(f.dir, path); err != nil {
		return "", err
	}
	f.below[flag] = f.dir
	return filepath.Join(f.dir, path), nil
}

// artifacts returns the folder for full logs, nil without a path.
func (f *outputPaths) artifacts(path string, redact func(io.Writer) io.WriteCloser) *artifact.Folder {
	if path == "" {
		return nil
	}
	return &artifact.Folder{Path: path, Below: f.below["artifacts"], Redact: redact}
}

// check finds, before the run, restricted paths that must not be written.
func (f *outputPaths) check(ctx context.Context, a *App, o *runOptions) error {
	for _, form := range o.files.forms() {
		if err := f.mayReplace(ctx, a, strings.TrimPrefix(form[0], "--"), form[1]); err != nil {
			return &usageError{msg: fmt.Sprintf("%s in %s: %v", strings.TrimPrefix(form[0], "--"), config.Name, err), hint: "name another file with " + form[0]}
		}
	}
	folder := f.artifacts(o.artifacts, nil)
	if folder == nil {
		return nil
	}
	err := folder.Check()
	if err == nil && folder.Below != "" {
		err = untracked(ctx, a, folder.Below, append(folder.Paths(), filepath.Join(folder.Path, crashFile))...)
	}
	if err != nil {
		return &usageError{msg: "cannot save full logs: " + err.Error(), hint: "name another folder with --artifacts"}
	}
	return nil
}

// mayReplace returns an error if a restricted file must not be replaced.
func (f *outputPaths) mayReplace(ctx context.Context, a *App, flag, path string) error {
	dir, restricted := f.below[flag]
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
	return untracked(ctx, a, dir, path)
}

// untracked returns an error if git tracks a file at or below one of the paths. It only
// runs git if something exists there. Below dir no path goes through a link.
func untracked(ctx context.Context, a *App, dir string, paths ...string) error {
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
		// A submodule on the way tracks its own files.
		roots := slices.Compact([]string{git.Root(at), git.Root(path)})
		for _, root := range roots {
			if err := untrackedIn(ctx, a, root, path); err != nil {
				return err
			}
		}
	}
	return nil
}

// untrackedIn returns an error if the repository with this root tracks a path.
func untrackedIn(ctx context.Context, a *App, root, path string) error {
	if root == "" {
		return nil
	}
	repo, err := git.Open(ctx, root, secretenv.Without(a.Env))
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

// replace writes a report to the path of a flag.
func (f *outputPaths) replace(flag, path string, text []byte) error {
	dir, restricted := f.below[flag]
	if !restricted {
		return replaceFile(path, text)
	}
	rel, err := filepath.Rel(dir, path)
	if err != nil {
		return err
	}
	return artifact.Replace(dir, rel, text, reports.IsReport)
}
