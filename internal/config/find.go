package config

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/flakeci/flakeci/internal/git"
	"github.com/flakeci/flakeci/internal/safefile"
)

// Find reads the configuration: the file at path, which must exist, or without a path
// flakeci.toml in the flake's folder, which may be missing. Call it once: the file may be a
// pipe. The error is an [*Error].
func Find(path, flakeDir string) (File, error) {
	named := path != ""
	if !named {
		if flakeDir == "" {
			return File{}, nil
		}
		path = filepath.Join(flakeDir, Name)
	}
	text, err := readFile(path, named, flakeDir)
	var link *safefile.LinkError
	switch {
	case errors.Is(err, safefile.ErrTooLong):
		return File{}, &Error{Path: path, Detail: "is too large for a configuration file"}
	case errors.Is(err, safefile.ErrNotRegular) && !named:
		return File{}, &Error{Path: path, Detail: "is not a regular file; to read it anyway, name it with --config"}
	case errors.Is(err, fs.ErrNotExist) && !named:
		return File{}, nil
	case errors.As(err, &link):
		return File{}, &Error{Path: "--config", Detail: err.Error(), Hint: "flakeci follows no links in a checkout; name the file itself"}
	case err != nil:
		return File{}, &Error{Detail: safefile.Readable(path, err).Error(), Hint: "--config takes a file such as flakeci.toml"}
	}
	return File{Path: path, Text: text}, nil
}

// maxSize is the size of the largest configuration, in bytes.
const maxSize = 1 << 20

// readFile reads a file. The default file may not be a link, and the path of a named one
// may not go through a link in a checkout: a pull request could link it to a secret, and
// errors show lines. The user's own links are followed.
func readFile(path string, named bool, flakeDir string) ([]byte, error) {
	if !named {
		return safefile.Read(path, maxSize)
	}
	if !safefile.IsStream(path) {
		checkouts, err := checkouts(flakeDir)
		if err == nil {
			path, err = safefile.Resolve(path, checkouts...)
		}
		if err != nil {
			return nil, err
		}
	}
	f, err := safefile.OpenNamed(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return safefile.All(f, maxSize)
}

// checkouts lists the folders whose links a stranger may have made.
func checkouts(flakeDir string) ([]string, error) {
	at, err := safefile.WorkingDir()
	if err != nil {
		return nil, err
	}
	folders := []string{flakeDir}
	if flakeDir != "" {
		folders = append(folders, git.Root(flakeDir))
	}
	if at != "/" { // not a checkout
		folders = append(folders, at)
	}
	return folders, nil
}
