// Package tmpdir makes the temporary folder of a run.
package tmpdir

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Each run has a folder for temporary files, with a file that is locked during the run.
const (
	prefix   = "flakeci-"
	lockName = "flakeci.lock"
)

// minStaleAge is longer than it takes to make such a folder and to lock it.
const minStaleAge = 10 * time.Minute

// Error reports that temporary files cannot be made.
type Error struct {
	Folder string
	Err    error
}

func (e *Error) Error() string {
	return fmt.Sprintf("cannot make temporary files in %s: %v", e.Folder, e.Err)
}

// Unwrap returns the error of the system.
func (e *Error) Unwrap() error { return e.Err }

// New makes the folder of a run. First it removes those of killed runs: they may hold a
// guest's disk, and their links keep build results from being collected as garbage.
func New() (path string, remove func(), err error) {
	removeStale(os.TempDir(), time.Now().Add(-minStaleAge))
	path, err = os.MkdirTemp("", prefix)
	if err != nil {
		return "", nil, &Error{Folder: os.TempDir(), Err: err}
	}
	lock, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil && syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		_ = os.Remove(lock.Name()) // an unlocked file would mark the folder as stale
	}
	return path, func() {
		_ = os.RemoveAll(path)
		_ = lock.Close() // of nil, too
	}, nil
}

// removeStale removes the folders of killed runs of this user that have not changed since
// a time.
func removeStale(dir string, since time.Time) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), prefix) || !e.IsDir() {
			continue
		}
		if st, err := e.Info(); err == nil && st.ModTime().Before(since) && isOurs(st) {
			removeIfUnlocked(filepath.Join(dir, e.Name()))
		}
	}
}

func isOurs(st fs.FileInfo) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && int(sys.Uid) == os.Getuid()
}

func removeIfUnlocked(path string) {
	lock, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return
	}
	defer lock.Close()
	if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		_ = os.RemoveAll(path) // the next run tries again
	}
}
