// Package safefile reads files that a stranger may have put where flakeci looks.
//
// A checkout can bring links, and whatever runs for it (a builder, a guest, the script
// that starts one) anything else: a pipe that cannot be opened without waiting for
// ever, a device without end, a file that grows while it is read. Here a file is opened
// without waiting, has to be a regular one, and is read up to a limit.
package safefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// ErrNotRegular is found by errors.Is in the error for a pipe, a device, a folder, a
// socket, or a link where none is followed.
var ErrNotRegular = errors.New("not a regular file")

// ErrTooLong is found by errors.Is in the error for a file that is longer than its
// limit.
var ErrTooLong = errors.New("too long")

// Opening never waits: neither for somebody at the other end of a pipe nor for a
// device. os adds O_CLOEXEC.
const flags = os.O_RDONLY | syscall.O_NONBLOCK | syscall.O_NOCTTY

// Open opens a regular file for reading. A link is not followed.
func Open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, flags|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, notRegular(path)
	}
	return regular(f, path, err)
}

// OpenTarget opens a regular file for reading, or the one that a link leads to.
func OpenTarget(path string) (*os.File, error) {
	f, err := os.OpenFile(path, flags, 0)
	return regular(f, path, err)
}

// OpenIn opens a regular file below a folder for reading. No link leads out of that.
func OpenIn(root *os.Root, name string) (*os.File, error) {
	f, err := root.OpenFile(name, flags, 0)
	return regular(f, name, err)
}

// regular looks at what was opened, rather than at what had its name before.
func regular(f *os.File, path string, err error) (*os.File, error) {
	if errors.Is(err, syscall.ENXIO) { // a socket, or a device that is not there
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
		_ = f.Close() // only read
		return nil, err
	}
	return f, nil
}

func notRegular(path string) error { return &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular} }

// Read returns a file that [Open] takes and that has at most limit bytes.
func Read(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	return read(f, path, limit, err)
}

// ReadTarget returns a file that [OpenTarget] takes and that has at most limit bytes.
func ReadTarget(path string, limit int64) ([]byte, error) {
	f, err := OpenTarget(path)
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

// All returns all that a reader has, which may be at most limit bytes. It takes no more
// memory than what comes.
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

// End returns the last bytes of a file, at most limit of them, and how many come
// before those. What is written meanwhile is left out.
func End(f *os.File, limit int64) (text []byte, before int64, err error) {
	st, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	before = max(0, st.Size()-limit)
	text, err = io.ReadAll(io.NewSectionReader(f, before, min(limit, st.Size())))
	return text, before, err
}

// Append opens a file that exists, to write at its end. It does not wait at a pipe.
func Append(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_APPEND|os.O_WRONLY|syscall.O_NONBLOCK, 0)
}

// Create makes a new file for appending, and replaces what has its name. It follows no
// link and does not wait at a pipe.
func Create(path string) (*os.File, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
}

// OpenLock opens a regular file for reading and writing, and makes it if it is missing.
// A link is not followed.
func OpenLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0o600)
	if errors.Is(err, syscall.ELOOP) {
		return nil, notRegular(path)
	}
	return regular(f, path, err)
}
