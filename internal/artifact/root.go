package artifact

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/internal/safefile"
)

// Check checks a path below a folder without following links. The error says why flakeci must
// not write there: the path leaves the folder, has a link, or leads into git's own files, which
// name programs that git runs. A path that does not exist yet is fine.
func Check(folder, path string) error {
	path = filepath.Clean(path)
	if !filepath.IsLocal(path) {
		return fmt.Errorf("%s is outside %s", path, folder)
	}
	below := folder
	for _, name := range strings.Split(path, string(filepath.Separator)) {
		below = filepath.Join(below, name)
		if isGit(name) {
			return fmt.Errorf("%s belongs to git", below)
		}
		st, err := os.Lstat(below)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		case st.Mode()&fs.ModeSymlink != 0:
			return &safefile.LinkError{Path: below}
		}
	}
	return nil
}

// isGit reports whether a file system may take a name for .git: some ignore case, invisible
// characters, or trailing dots and spaces.
func isGit(name string) bool {
	return strings.EqualFold(strings.TrimRight(clean.Clean(name), " ."), ".git") || strings.EqualFold(name, "git~1")
}

// openBelow opens a folder below another and creates missing folders on the way. It follows no
// link, not even one that appears in the meantime: it compares each opened folder with what it saw
// before.
func openBelow(folder, path string) (*os.Root, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(folder)
	if err != nil || path == "." {
		return root, err
	}
	for _, name := range strings.Split(path, string(filepath.Separator)) {
		next, err := openSubfolder(root, name)
		_ = root.Close() // nothing was written
		if err != nil {
			return nil, err
		}
		root = next
	}
	return root, nil
}

// openSubfolder opens a folder in another, and creates it if it is missing.
func openSubfolder(root *os.Root, name string) (*os.Root, error) {
	if err := root.Mkdir(name, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	seen, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if seen.Mode()&fs.ModeSymlink != 0 {
		return nil, &safefile.LinkError{Path: name}
	}
	if !seen.IsDir() { // opening would block on a pipe
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOTDIR}
	}
	next, err := root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	if opened, err := next.Stat("."); err != nil || !os.SameFile(seen, opened) {
		return nil, errors.Join(err, next.Close(), &safefile.LinkError{Path: name})
	}
	return next, nil
}

// Replace writes a file below a folder, and replaces an existing one if may allows that, given
// the beginning of its content. It follows no link.
func Replace(folder, path string, text []byte, may func(head []byte) bool) error {
	if err := Check(folder, path); err != nil {
		return err
	}
	path = filepath.Clean(path)
	root, err := openBelow(folder, filepath.Dir(path))
	if err != nil {
		return err
	}
	defer root.Close()
	if err := mayReplace(root, filepath.Base(path), filepath.Join(folder, path), may); err != nil {
		return err
	}
	return replaceFile(root, filepath.Base(path), text)
}

// MayReplace returns the error that [Replace] would, without writing anything.
func MayReplace(folder, path string, may func(head []byte) bool) error {
	if err := Check(folder, path); err != nil {
		return err
	}
	// With a slash at the end, opening does not block on a pipe.
	root, err := os.OpenRoot(filepath.Join(folder, filepath.Dir(path)) + "/")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	return mayReplace(root, filepath.Base(path), filepath.Join(folder, path), may)
}

// mayReplace is [MayReplace] for a file in a folder; messages show it as shown.
func mayReplace(root *os.Root, name, shown string, may func(head []byte) bool) error {
	st, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !st.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", shown)
	}
	head, err := readHead(root, name)
	if err == nil && !may(head) {
		err = fmt.Errorf("%s is not an earlier report by flakeci", shown)
	}
	return err
}

// replaceFile writes a temporary file and renames it, so that nobody sees an incomplete one.
func replaceFile(root *os.Root, name string, text []byte) error {
	fresh := ".flakeci-" + rand.Text()
	f, err := root.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = root.Rename(fresh, name)
	}
	if err != nil {
		return errors.Join(err, root.Remove(fresh))
	}
	return nil
}

// maxHead is enough of a file to tell what it is, in bytes.
const maxHead = 4 << 10

// readHead returns the beginning of a regular file.
func readHead(root *os.Root, name string) ([]byte, error) {
	f, err := safefile.OpenIn(root, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, maxHead)
	n, err := io.ReadFull(f, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil // it is shorter
	}
	return head[:n], err
}
