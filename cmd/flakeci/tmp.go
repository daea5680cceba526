package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// The folders of runs for what is temporary. Each has a file in it that is locked for
// as long as the run goes on.
const (
	tmpPrefix = "flakeci-"
	tmpLock   = "flakeci.lock"
)

// setUp is longer than it takes to make such a folder and to lock it.
const setUp = 10 * time.Minute

// newTmp makes the folder of a run. Before that it removes those of runs that were
// killed: there may be a guest's disk in them, and their links keep what was built
// from being collected as garbage.
func newTmp() (path string, remove func(), err error) {
	removeLeft(os.TempDir(), time.Now().Add(-setUp))
	path, err = os.MkdirTemp("", tmpPrefix)
	if err != nil {
		return "", nil, err
	}
	lock, err := os.OpenFile(filepath.Join(path, tmpLock), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil && syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		_ = os.Remove(lock.Name()) // nobody may take it for a lock that is free
	}
	return path, func() {
		_ = os.RemoveAll(path)
		_ = lock.Close() // of nil, too
	}, nil
}

// removeLeft removes the folders of runs of ours that were killed, and have not changed
// since some time. Those of others are their own concern.
func removeLeft(dir string, since time.Time) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), tmpPrefix) || !e.IsDir() {
			continue
		}
		if st, err := e.Info(); err == nil && st.ModTime().Before(since) && isOurs(st) {
			removeIfLeft(filepath.Join(dir, e.Name()))
		}
	}
}

func isOurs(st fs.FileInfo) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && int(sys.Uid) == os.Getuid()
}

func removeIfLeft(path string) {
	lock, err := os.OpenFile(filepath.Join(path, tmpLock), os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return
	}
	defer lock.Close()
	if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		_ = os.RemoveAll(path) // the next run tries again
	}
}
