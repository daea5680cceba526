// Package artifact writes files below the folder that a user named for them.
//
// That folder may lie in the checkout of a flake that put a link there, to have
// what its builder or its guest says written to wherever that leads. So nothing
// is followed, and what has a file's name already is replaced.
package artifact

import (
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// Write makes the file name below the folder, filled by the function, and gives
// its path. Half a file would pass for the whole, so a failure leaves none.
func Write(folder, name string, fill func(io.Writer) error) (path string, err error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return "", err
	}
	defer root.Close()
	f, err := create(root, name)
	if err != nil {
		return "", err
	}
	if err := errors.Join(fill(f), f.Close()); err != nil {
		return "", errors.Join(err, root.Remove(name))
	}
	return filepath.Join(folder, name), nil
}

// create makes a file in place of what has its name.
func create(root *os.Root, name string) (*os.File, error) {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, err
	}
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}

// Name makes one part of a path of a name that may hold anything.
func Name(name string) string {
	escaped := url.PathEscape(name)
	if escaped == "." || escaped == ".." || escaped == "" {
		return "_" + escaped
	}
	return escaped
}
