package safefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

var streamRE = regexp.MustCompile(`^/(?:dev/(?:stdin|stdout|stderr|fd/[0-9]+)|proc/self/fd/[0-9]+)$`)

// IsStream reports whether a path names a file that was open when flakeci started, such as
// /dev/stdin or a shell's <(...) and >(...).
func IsStream(path string) bool { return streamRE.MatchString(path) }

// OpenNamed opens a file that the user named: a stream, which may be a pipe, or a regular file,
// following a link. The error is meant for the user.
func OpenNamed(path string) (*os.File, error) {
	open := openTarget
	if IsStream(path) {
		open = os.Open
	}
	f, err := open(path)
	return f, Readable(path, err)
}

// Readable makes the error of a file that the user named begin with "cannot open", and gives the
// path as the user did.
func Readable(path string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return &fs.PathError{Op: "cannot open", Path: path, Err: at.Err}
	}
	return err
}

// LinkError means that a path is a link in a place where links are not followed.
type LinkError struct{ Path string }

func (e *LinkError) Error() string { return e.Path + " is a link, which flakeci does not follow" }

// WorkingDir returns the working directory, with links resolved.
func WorkingDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}

// maxLinks is Linux's limit on links in a path.
const maxLinks = 40

// Resolve follows the links of a path as the kernel does. A link in or below an untrusted folder
// is a [*LinkError]. It ignores untrusted folders that are empty or missing.
func Resolve(path string, untrusted ...string) (string, error) {
	path, err := absolute(path)
	if err != nil {
		return "", err
	}
	var real []string
	for _, folder := range untrusted {
		if folder == "" {
			continue
		}
		if folder, err := filepath.EvalSymlinks(folder); err == nil {
			if folder, err = filepath.Abs(folder); err == nil {
				real = append(real, folder)
			}
		}
	}
	at, rest, links := "/", path, 0
	for rest != "" {
		var name string
		name, rest, _ = strings.Cut(rest, "/")
		switch name {
		case "", ".":
			continue
		case "..":
			at = filepath.Dir(at)
			continue
		}
		next := filepath.Join(at, name)
		st, err := os.Lstat(next)
		if err != nil {
			return "", err
		}
		if st.Mode()&fs.ModeSymlink == 0 {
			at = next
			continue
		}
		if slices.ContainsFunc(real, func(folder string) bool { return isBelow(at, folder) }) {
			return "", &LinkError{next}
		}
		if links++; links > maxLinks {
			return "", &fs.PathError{Op: "open", Path: path, Err: syscall.ELOOP}
		}
		to, err := os.Readlink(next)
		if err != nil {
			return "", err
		}
		if filepath.IsAbs(to) {
			at = "/"
		}
		rest = to + "/" + rest
	}
	return at, nil
}

// absolute is [filepath.Abs] without cleaning: the part before ".." may be a link.
func absolute(path string) (string, error) {
	if path == "" {
		return "", &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	if filepath.IsAbs(path) {
		return path, nil
	}
	dir, err := os.Getwd()
	return dir + "/" + path, err
}

// isBelow reports whether path is folder or is below it; both are absolute.
func isBelow(path, folder string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(rel)
}
