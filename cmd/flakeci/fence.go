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
	"github.com/flakeci/flakeci/reports"
)

// The flags whose value is a file or folder to write.
var outputFlags = []string{"json", "junit", "markdown", "html", "trace", "artifacts"}

// fence keeps what a stranger may choose from being written where it likes. What
// flakeci.toml names stays below the flake's own folder, and the default folder of
// artifacts below the one that flakeci was started in, for a checkout may hold a link
// of that name. Paths that the user gives by a flag are not restricted.
type fence struct {
	dir   string            // below which a flakeci.toml may name paths
	below map[string]string // the folder that the path of a flag stays below
}

func newFence(flakeDir string) *fence {
	return &fence{dir: fromHere(flakeDir), below: map[string]string{}}
}

// fromHere gives a folder as it is shown: relative if it is below the one that flakeci
// was started in.
func fromHere(dir string) string {
	if at, err := here(); err == nil {
		if rel, err := filepath.Rel(at, dir); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	if dir == "" {
		return "." // the flake is not local, and the user named a configuration
	}
	return dir
}

// enclose turns a path in flakeci.toml into one from where flakeci runs, and remembers
// that it is fenced.
func (f *fence) enclose(flag, path string) (string, error) {
	if err := artifact.Check(f.dir, path); err != nil {
		return "", err
	}
	f.below[flag] = f.dir
	return filepath.Join(f.dir, path), nil
}

// artifacts is the folder for whole logs, nil if there is to be none.
func (f *fence) artifacts(path string, redact func(io.Writer) io.WriteCloser) *artifact.Folder {
	if path == "" {
		return nil
	}
	return &artifact.Folder{Path: path, Below: f.below["artifacts"], Redact: redact}
}

// check refuses, before the run, what a stranger chose and must not be written.
func (f *fence) check(ctx context.Context, a *App, o *runOptions) error {
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
		err = untracked(ctx, a, folder.Below, append(folder.Holds(), filepath.Join(folder.Path, crashFile))...)
	}
	if err != nil {
		return &usageError{msg: "cannot save full logs: " + err.Error(), hint: "name another folder with --artifacts"}
	}
	return nil
}

// mayReplace says why the file that flakeci.toml names for a flag must not be replaced.
func (f *fence) mayReplace(ctx context.Context, a *App, flag, path string) error {
	dir, fenced := f.below[flag]
	if !fenced {
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

// untracked gives an error if git tracks a file at or below one of the paths. git is
// asked only if something is there. Below dir no path goes through a link.
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
		// A submodule on the way has files of its own.
		roots := slices.Compact([]string{git.Root(at), git.Root(path)})
		for _, root := range roots {
			if err := untrackedIn(ctx, a, root, path); err != nil {
				return err
			}
		}
	}
	return nil
}

// untrackedIn says whether the repository with this root tracks what is at a path.
func untrackedIn(ctx context.Context, a *App, root, path string) error {
	if root == "" {
		return nil
	}
	repo, err := git.Open(ctx, root, withoutTokens(a.Env))
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
func (f *fence) replace(flag, path string, text []byte) error {
	dir, fenced := f.below[flag]
	if !fenced {
		return replaceFile(path, text)
	}
	rel, err := filepath.Rel(dir, path)
	if err != nil {
		return err
	}
	return artifact.Replace(dir, rel, text, reports.IsReport)
}
