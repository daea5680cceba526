package nix

import (
	"os"
	"path/filepath"

	repository "github.com/flakeci/flakeci/internal/git"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/safefile"
)

// tree returns what it takes to find the flake's own files in what Nix prints.
func (f *Flake) tree() nixlog.Tree {
	return nixlog.Tree{
		StorePath: f.StorePath, Checkout: f.Checkout, Rev: f.Rev,
		Read: f.read, Untracked: f.isUntracked, Input: f.locks.NameOf,
	}
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

// maxSource is longer than any Nix file that a person wrote, in bytes.
const maxSource = 1 << 20

// read returns a file of the flake, or "". It follows no links: they may lead anywhere on
// this machine, even to a file without end.
func (f *Flake) read(rel string) string {
	root, err := os.OpenRoot(f.StorePath)
	if err != nil {
		return ""
	}
	defer root.Close()
	file, err := safefile.OpenIn(root, rel)
	if err != nil {
		return ""
	}
	defer file.Close()
	text, err := safefile.All(file, maxSource)
	if err != nil {
		return ""
	}
	return string(text)
}
