package output

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flakeci/flakeci/internal/safefile"
)

// Unwritable says before a run, which may take hours, why a file cannot be written, as far as that
// is known; "" if it can. Missing folders will be made.
func Unwritable(path string) string {
	if path == "" || path == "-" {
		return ""
	}
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		return "takes a file, but " + path + " is a folder"
	}
	if st, err := os.Lstat(path); isDevice(path) || err == nil && st.Mode()&fs.ModeNamedPipe != 0 {
		return ""
	} else if err == nil && !st.Mode().IsRegular() && st.Mode()&fs.ModeSymlink == 0 {
		return "cannot be written: " + path + " is not a regular file"
	}
	folder := filepath.Dir(path)
	st, err := os.Stat(folder)
	for err != nil && folder != filepath.Dir(folder) {
		folder = filepath.Dir(folder)
		st, err = os.Stat(folder)
	}
	switch {
	case err == nil && !st.IsDir():
		return "cannot be written: " + folder + " is not a folder"
	case err == nil:
		err = unix.Access(folder, unix.W_OK|unix.X_OK)
	}
	if err != nil {
		return "cannot be written: " + folder + ": " + err.Error()
	}
	return ""
}

// replaceFile creates or replaces a file. It replaces a link instead of following it: the
// checkout of a pull request may hold one that leads anywhere. It writes to devices and
// pipes if the path itself names one.
func replaceFile(path string, text []byte) error {
	if isDevice(path) {
		return os.WriteFile(path, text, 0o644)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if st, err := os.Lstat(path); err == nil && st.Mode()&fs.ModeNamedPipe != 0 {
		return safefile.WritePipe(path, text, maxPipeWait)
	} else if err == nil && !st.Mode().IsRegular() && !st.IsDir() && st.Mode()&fs.ModeSymlink == 0 {
		return &fs.PathError{Op: "write", Path: path, Err: safefile.ErrNotRegular}
	}
	tmp, err := os.CreateTemp(dir, ".flakeci-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(text)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// maxPipeWait is how long to wait for a reader of a pipe.
const maxPipeWait = 10 * time.Second

// isDevice reports whether a path names a device, or a stream such as a shell's >(...). /dev/shm
// holds files, which anybody may create.
func isDevice(path string) bool {
	path = filepath.Clean(path)
	return safefile.IsStream(path) || strings.HasPrefix(path, "/dev/") && !strings.HasPrefix(path, "/dev/shm/")
}
