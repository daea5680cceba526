// Package source reads the files of a flake.
package source

import (
	"cmp"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/flakeci/flakeci/internal/safefile"
)

const (
	// maxFile is longer than any Nix file that a person wrote, in bytes.
	maxFile = 1 << 20
	// maxFiles is more Nix files than a person's flake has. That of nixpkgs has ten times as many.
	maxFiles = 5000
	// maxKept is how much text is kept, in bytes.
	maxKept = 64 << 20
)

// ReadUnresolved returns a flake.nix or flake.lock below a folder, or "". Which other files of the
// folder Nix can see is unknown until it has resolved the flake, but an error can name any of them,
// such as an untracked file with secrets. Nor may a link lead to one.
func ReadUnresolved(folder, file string) string {
	if base := path.Base(file); base != "flake.nix" && base != "flake.lock" {
		return ""
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return ""
	}
	defer root.Close()
	if st, err := root.Lstat(file); err != nil || !st.Mode().IsRegular() {
		return ""
	}
	return read(root, file)
}

func read(root *os.Root, name string) string {
	file, err := safefile.OpenIn(root, name)
	if err != nil {
		return ""
	}
	defer file.Close()
	text, err := safefile.All(file, maxFile)
	if err != nil {
		return ""
	}
	return string(text)
}

// Tree is a source tree in the store, which never changes. Its files are read once: what a
// hundred hosts fail by is looked for in all of them each time.
type Tree struct {
	folder string
	dir    string // the flake's folder in it, or ""

	mu    sync.Mutex
	files []string
	text  map[string]string
	size  int
}

// NewTree returns the tree in a folder, of a flake in a folder of that tree, or "" for the tree
// itself.
func NewTree(folder, dir string) *Tree {
	return &Tree{folder: folder, dir: dir, text: map[string]string{}}
}

// Read returns a file of the tree, or "". It follows no links out of the tree: they may lead
// anywhere on this machine, even to a file without end. Nix may not have written the tree yet, so
// what is missing is looked for again.
func (t *Tree) Read(file string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text, ok := t.text[file]
	if ok {
		return text
	}
	root, err := os.OpenRoot(t.folder)
	if err != nil {
		return ""
	}
	defer root.Close()
	if text = read(root, file); text != "" && t.size+len(text) <= maxKept {
		t.text[file] = text
		t.size += len(text)
	}
	return text
}

// NixFiles returns the Nix files of the tree in order, those in the flake's folder first. It leaves
// out the folders of other flakes, such as templates: their files have the same names.
func (t *Tree) NixFiles() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.files == nil {
		t.files = t.nixFiles()
	}
	return t.files
}

func (t *Tree) nixFiles() []string {
	root, err := os.OpenRoot(t.folder)
	if err != nil {
		return nil
	}
	defer root.Close()
	own := path.Clean(t.dir)
	var files []string
	size := map[string]int64{}
	_ = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case len(files) >= maxFiles:
			return fs.SkipAll
		case err != nil: // leaves out what cannot be read
			return fs.SkipDir
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules"):
			return fs.SkipDir
		case d.IsDir() && !within(name, own) && isFlake(root, name):
			return fs.SkipDir
		case d.Type().IsRegular() && path.Ext(name) == ".nix":
			if info, err := d.Info(); err == nil && info.Size() <= maxFile {
				files, size[name] = append(files, name), info.Size()
			}
		}
		return nil
	})
	slices.SortStableFunc(files, func(a, b string) int {
		return cmp.Compare(order(own, a), order(own, b))
	})
	// More than what is kept would be read again for each error.
	total := int64(0)
	for i, name := range files {
		if total += size[name]; total > maxKept {
			return files[:i]
		}
	}
	return files
}

// within reports whether a file or folder is a folder or in it.
func within(folder, name string) bool {
	return folder == "." || name == folder || strings.HasPrefix(name, folder+"/")
}

// order is less for files in a folder than for others.
func order(folder, file string) int {
	if within(folder, file) {
		return 0
	}
	return 1
}

func isFlake(root *os.Root, folder string) bool {
	_, err := root.Lstat(path.Join(folder, "flake.nix"))
	return err == nil
}
