// Package flaketree finds files and lines in the source tree of a flake.
package flaketree

import (
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// Tree is the source tree of a flake, with the names that Nix uses for it. Each field may be empty
// or nil.
type Tree struct {
	// StorePath is Nix's copy of the tree, empty before the flake is resolved.
	StorePath string
	// Checkout is the root of the folder that the tree was copied from.
	Checkout string
	// Rev is the git revision.
	Rev string

	// Read returns a file of the tree, or "" if it cannot be read.
	Read func(file string) string
	// Files lists the Nix files of the tree.
	Files func() []string
	// Untracked reports whether a file is in the checkout but not known to git.
	Untracked func(file string) bool
	// Input returns the path of the input that is fetched from a URL, or "".
	Input func(url string) string
	// InputTree returns the path of the input with a tree in the store, or with a reference as
	// in «reference»/flake.nix, or "".
	InputTree func(root string) string
	// Redact masks secrets in a text.
	Redact func(text []byte) []byte

	// LockFile is the flake's lock file in the tree.
	LockFile string
	// Submodule returns the git submodule that a file would be in, if Nix left it out, or "".
	Submodule func(file string) string
	// Setting returns the value of one of Nix's settings, or "".
	Setting func(name string) string
	// Pure is set if the evaluation may read nothing from the machine.
	Pure bool
}

// sourceRE finds a source tree in the store. Older versions do not say which one it is.
var sourceRE = regexp.MustCompile(`^/nix/store/[0-9a-z]{32}-source/`)

// IsSource reports whether a path is a source tree in the store.
func IsSource(path string) bool { return sourceRE.MatchString(path + "/") }

// Relative maps a file as Nix names it into the tree: a path in the store copy or in the
// checkout, or one after a «reference».
func (t Tree) Relative(file string) (string, bool) {
	for _, root := range t.roots() {
		if rest, ok := strings.CutPrefix(file, root); ok {
			return inside(rest)
		}
	}
	if ref, rest, ok := cutReference(file); ok {
		if !t.is(ref) {
			return "", false
		}
		return inside(rest)
	}
	// Before the flake is resolved, older versions name only a copy in the store.
	if m := sourceRE.FindString(file); m != "" && t.StorePath == "" {
		return inside(file[len(m):])
	}
	return "", false
}

// cutReference splits a path such as «git+file:///checkout?rev=…»/hosts/a.nix. Newer versions use
// this form for files that they did not have to copy to the store.
func cutReference(file string) (ref, rest string, ok bool) {
	file, ok = strings.CutPrefix(file, "«")
	if !ok {
		return "", "", false
	}
	return strings.Cut(file, "»/")
}

// is reports whether a reference is the flake's own. Before the flake is resolved, there are no
// others.
func (t Tree) is(ref string) bool {
	return t.StorePath == "" || t.Rev != "" && strings.Contains(ref, t.Rev)
}

// inside rejects a path that leads out of the tree: a flake can put anything into a message.
func inside(rest string) (string, bool) {
	rest = path.Clean(rest)
	if !filepath.IsLocal(rest) || rest == "." || strings.HasPrefix(rest, ".git/") {
		return "", false
	}
	return rest, true
}

// roots returns the prefixes that Nix may give the tree's paths.
func (t Tree) roots() []string {
	var roots []string
	for _, dir := range []string{t.StorePath, t.Checkout} {
		if dir != "" && dir != "/" {
			roots = append(roots, dir+"/")
		}
	}
	return roots
}

// Shorten shortens the tree's paths in a message, and has the paths of an input begin with
// the input's name.
func (t Tree) Shorten(msg string) string {
	for _, root := range t.roots() {
		msg = cutRoot(msg, root)
	}
	return treeRE.ReplaceAllStringFunc(msg, func(m string) string {
		if ref, _, ok := cutReference(m); ok && t.is(ref) {
			return ""
		}
		if name, _, ok := t.CutInput(m); ok {
			return name + "/"
		}
		return m
	})
}

var treeRE = regexp.MustCompile(`«[^»\s]+»/|/nix/store/[0-9a-z]{32}-source/`)

// CutInput splits the path of a file in an input into the input's name and the file.
func (t Tree) CutInput(path string) (name, file string, ok bool) {
	if t.InputTree == nil {
		return "", "", false
	}
	root, file, ok := cutReference(path)
	if !ok {
		if root = strings.TrimSuffix(sourceRE.FindString(path), "/"); root == "" {
			return "", "", false
		}
		file = strings.TrimPrefix(path[len(root):], "/")
	}
	name = t.InputTree(root)
	return name, file, name != ""
}

// cutRoot removes a folder wherever a path starts with it, but not from the middle of a longer
// path.
func cutRoot(msg, root string) string {
	before, rest, found := strings.Cut(msg, root)
	if !found {
		return msg
	}
	var b strings.Builder
	for found {
		b.WriteString(before)
		if before != "" && pathEndRE.MatchString(before) {
			b.WriteString(root)
		}
		before, rest, found = strings.Cut(rest, root)
	}
	b.WriteString(before)
	return b.String()
}

var pathEndRE = regexp.MustCompile(`[\p{L}\p{N}/._~+-]$`)

var (
	missingRE = regexp.MustCompile(`(?:^|getting status of |opening file |[Pp]ath |file )['"](.+?)['"](?:: No such file or directory| does not exist)`)
	// The path is relative to the root of a repository, which may be an input's.
	notTrackedRE = regexp.MustCompile(`^Path '(.+)' (?:in the|does not exist in Git) repository "(.+?)"(?: is not tracked by Git|\.?$)`)
)

// Missing returns the path in the tree that, according to a message, is missing. Nix 2.8 may name
// the folder that should contain it.
func (t Tree) Missing(msg string) (string, bool) {
	if m := notTrackedRE.FindStringSubmatch(msg); m != nil && m[2] == t.Checkout {
		return inside(m[1])
	}
	if m := missingRE.FindStringSubmatch(msg); m != nil {
		return t.Relative(m[1])
	}
	return "", false
}
