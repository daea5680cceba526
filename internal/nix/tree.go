package nix

import (
	"cmp"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	repository "github.com/flakeci/flakeci/internal/git"
	"github.com/flakeci/flakeci/internal/nix/flakeref"
	"github.com/flakeci/flakeci/internal/nix/flaketree"
	"github.com/flakeci/flakeci/internal/nix/source"
)

// tree returns what nixlog needs to find the flake's own files in Nix's output.
func (f *Flake) tree() flaketree.Tree {
	return flaketree.Tree{
		StorePath: f.StorePath, Checkout: f.Checkout, Rev: f.Rev,
		Read: f.read, Untracked: f.isUntracked, Input: f.locks.NameOf, InputTree: f.inputTree,
		Files: f.nixFiles, LockFile: f.lockFile(), Submodule: f.leftOutSubmodule,
	}
}

// inputTree returns the name of the input with a tree, by the tree's path in the store or by its
// reference, or "".
func (f *Flake) inputTree(root string) string {
	if flaketree.IsSource(root) {
		return f.locks.NameOfTree(root)
	}
	return f.locks.NameOf(root)
}

// lockFile returns the flake's lock file below the root of its tree.
func (f *Flake) lockFile() string {
	dir := f.Dir
	if f.StorePath == "" { // not resolved yet
		dir = flakeref.Parameters(f.eval)["dir"]
		if below, err := filepath.Rel(f.Checkout, f.given.Dir); err == nil && f.Checkout != "" {
			dir = below
		}
	}
	return path.Join(dir, "flake.lock")
}

// root returns the folder that has the flake's files: Nix's copy or, before that exists, the
// folder that the user gave.
func (f *Flake) root() string {
	return cmp.Or(f.StorePath, f.Checkout, f.given.Dir)
}

var submoduleRE = regexp.MustCompile(`(?m)^\s*path\s*=\s*(.+?)\s*$`)

// leftOutSubmodule returns the git submodule that a file would be in, if Nix's copy lacks that
// submodule (its folder is empty or missing there), or "".
func (f *Flake) leftOutSubmodule(rel string) string {
	root, err := os.OpenRoot(f.StorePath)
	if err != nil {
		return ""
	}
	defer root.Close()
	for _, m := range submoduleRE.FindAllStringSubmatch(f.read(".gitmodules"), -1) {
		name := path.Clean(m[1])
		if !filepath.IsLocal(name) || rel != name && !strings.HasPrefix(rel, name+"/") && !strings.HasPrefix(name, rel+"/") {
			continue
		}
		if found, err := fs.ReadDir(root.FS(), name); err != nil || len(found) == 0 {
			return name
		}
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// isUntracked reports whether a file is in the checkout but not known to git, and so
// invisible to Nix.
func (f *Flake) isUntracked(rel string) bool {
	if !f.inGit || f.Checkout == "" {
		return false
	}
	file := filepath.Join(f.Checkout, rel)
	switch {
	case !exists(file):
		return false
	case f.StorePath != "" && exists(filepath.Join(f.StorePath, rel)):
		return false // Nix does see it, whatever the message says
	}
	return repository.Root(filepath.Dir(file)) == f.Checkout // else it is in a submodule
}

// read returns a file of the flake, or "".
func (f *Flake) read(rel string) string {
	if f.source != nil {
		return f.source.Read(rel)
	}
	return source.ReadUnresolved(f.root(), rel)
}

// nixFiles returns the Nix files of the flake, once it is resolved.
func (f *Flake) nixFiles() []string {
	if f.source == nil {
		return nil
	}
	return f.source.NixFiles()
}
