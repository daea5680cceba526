// Package safefile opens files in untrusted places.
//
// A checkout can contain links, and the programs that run for it (a builder, a guest, the script
// that starts one) can create anything else: a pipe that blocks on opening, an endless device, a
// file that grows while it is read. This package opens files without blocking, requires that
// they are regular, and reads up to a limit.
package safefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// ErrNotRegular is wrapped in the error for a pipe, a device, a folder, a socket, or a link that
// is not followed.
var ErrNotRegular = errors.New("not a regular file")

// ErrTooLong is wrapped in the error for a file that exceeds its limit.
var ErrTooLong = errors.New("too long")

// flags make opening a pipe or a device nonblocking. os adds O_CLOEXEC.
const flags = os.O_RDONLY | syscall.O_NONBLOCK | syscall.O_NOCTTY

// Open opens a regular file for reading. It does not follow a link.
func Open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, flags|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, notRegular(path)
	}
	return regular(f, path, err)
}

// openTarget opens a regular file for reading. It follows a link.
func openTarget(path string) (*os.File, error) {
	f, err := os.OpenFile(path, flags, 0)
	return regular(f, path, err)
}

// OpenIn opens a regular file below a folder for reading. It follows no link out of the folder.
func OpenIn(root *os.Root, name string) (*os.File, error) {
	f, err := root.OpenFile(name, flags, 0)
	return regular(f, name, err)
}

// regular checks the opened file, not its name, which may lead elsewhere by now.
func regular(f *os.File, path string, err error) (*os.File, error) {
	if errors.Is(err, syscall.ENXIO) { // a socket, or a device that does not exist
		return nil, notRegular(path)
	}
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = notRegular(path)
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return f, nil
}

func notRegular(path string) error { return &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular} }

// Read returns the content of a file, opened with [Open], of at most limit bytes.
func Read(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	return read(f, path, limit, err)
}

// ReadTarget returns the content of a regular file of at most limit bytes. It follows a link.
func ReadTarget(path string, limit int64) ([]byte, error) {
	f, err := openTarget(path)
	return read(f, path, limit, err)
}

func read(f *os.File, path string, limit int64, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := All(f, limit)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return text, nil
}

// All returns everything from a reader, at most limit bytes. It uses no more memory than the
// data needs.
func All(r io.Reader, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%w: more than %d bytes", ErrTooLong, limit)
	}
	if err != nil {
		return nil, err
	}
	return text, nil
}

// End returns at most the last limit bytes of a file, and how many bytes precede them. It leaves
// out what is written in the meantime.
func End(f *os.File, limit int64) (text []byte, before int64, err error) {
	st, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	before = max(0, st.Size()-limit)
	text, err = io.ReadAll(io.NewSectionReader(f, before, min(limit, st.Size())))
	return text, before, err
}

// Append opens an existing file to write at its end. It does not block on a pipe.
func Append(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_APPEND|os.O_WRONLY|syscall.O_NONBLOCK, 0)
}

// Create creates a file for appending, and replaces what has its name. It follows no link and
// does not block on a pipe.
func Create(path string) (*os.File, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
}

// OpenLock opens a regular file for reading and writing, and creates it if it is missing. It does
// not follow a link.
func OpenLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0o600)
	if errors.Is(err, syscall.ELOOP) {
		return nil, notRegular(path)
	}
	return regular(f, path, err)
}
