package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
)

// Folder is a folder of journals. Each kind of run has one, which replaces that of the run
// before. Next to it is a file that is locked while a run writes the journal.
type Folder string

// keepFor is how long a journal is kept.
const keepFor = 30 * 24 * time.Hour

// maxPID is more than the length of a process id, in bytes.
const maxPID = 64

const suffix, lockSuffix = ".jsonl", ".lock"

// BusyError reports that a run is still writing the journal.
type BusyError struct {
	PID string
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("it is still in progress (pid %s)", e.PID)
}

// File is the file of one journal, locked.
type File struct {
	// Redact removes credentials from a line of JSON before it is written; nil removes none.
	Redact func(line []byte) []byte

	path string
	lock *os.File
}

// Open locks the journal of the runs with this key, which is compared as JSON. The error is a
// [*BusyError] if another run holds the lock.
func (f Folder) Open(key any) (*File, error) {
	text, err := json.Marshal(key)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return nil, err
	}
	f.prune()
	sum := sha256.Sum256(text)
	return f.open(hex.EncodeToString(sum[:8]))
}

func (f Folder) open(name string) (*File, error) {
	s := &File{path: filepath.Join(string(f), name+suffix)}
	path := filepath.Join(string(f), name+lockSuffix)
	for {
		lock, err := safefile.OpenLock(path)
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			pid, _ := safefile.Read(path, maxPID)
			_ = lock.Close()
			if errors.Is(err, syscall.EWOULDBLOCK) {
				return nil, &BusyError{strings.TrimSpace(string(pid))}
			}
			return nil, err
		}
		// Another flakeci may have pruned it since.
		if now, err := os.Lstat(path); err == nil {
			if mine, err := lock.Stat(); err == nil && os.SameFile(now, mine) {
				s.lock = lock
				break
			}
		}
		_ = lock.Close()
	}
	_ = s.lock.Truncate(0)
	if _, err := fmt.Fprintln(s.lock, os.Getpid()); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Read reads the journal like [Read]. The error is [fs.ErrNotExist] if there is none.
func (s *File) Read() (*Journal, error) { return readFile(s.path) }

func readFile(path string) (*Journal, error) {
	file, err := safefile.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return Read(file)
}

// oldSuffix ends the name of a journal that [File.Undo] may put back.
const oldSuffix = ".old"

// Begin begins a journal before the flake is inspected. It replaces the one that is there, which
// [File.Undo] puts back. Earlier is the run whose results may be reused; nil if there is none.
func (s *File) Begin(h Head, earlier *runner.EarlierRun) (*Writer, error) {
	if err := s.forget(); err != nil {
		return nil, err
	}
	_ = os.Link(s.path, s.path+oldSuffix) // if the file system has no links, Undo only removes
	h.Looking = true
	return create(s.path, s.Redact, h, nil, earlier)
}

// Create begins the journal of a run whose cells are known. It replaces the one that is there.
// Offer is all cells of the flake. Earlier is the run whose results may be reused; nil if there is
// none.
func (s *File) Create(h Head, offer []result.Cell, earlier *runner.EarlierRun) (*Writer, error) {
	w, err := create(s.path, s.Redact, h, offer, earlier)
	if err == nil {
		_ = s.forget() // the next run tries again
	}
	return w, err
}

// Undo puts back the journal that [File.Begin] replaced.
func (s *File) Undo() error {
	err := os.Rename(s.path+oldSuffix, s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s.Remove()
	}
	return err
}

func (s *File) forget() error { return unlessMissing(os.Remove(s.path + oldSuffix)) }

func unlessMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Remove removes the journal.
func (s *File) Remove() error { return errors.Join(s.forget(), os.Remove(s.path)) }

// Close releases the lock.
func (s *File) Close() error { return s.lock.Close() }

// prune removes old journals that no run has locked.
func (f Folder) prune() {
	for _, file := range f.files(lockSuffix) {
		if time.Since(file.ModTime()) < keepFor {
			continue
		}
		name := strings.TrimSuffix(file.Name(), lockSuffix)
		locked, err := f.open(name)
		if err != nil {
			continue // a run has it, or it is not ours to remove
		}
		for _, end := range []string{suffix, suffix + ".new", suffix + oldSuffix, lockSuffix} {
			_ = os.Remove(filepath.Join(string(f), name+end)) // the next run tries again
		}
		_ = locked.Close()
	}
}

// files lists the files whose names end like this, the newest first.
func (f Folder) files(end string) []fs.FileInfo {
	entries, err := os.ReadDir(string(f))
	if err != nil {
		return nil
	}
	var files []fs.FileInfo
	for _, e := range entries {
		if st, err := e.Info(); err == nil && strings.HasSuffix(e.Name(), end) {
			files = append(files, st)
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	return files
}

// Newest returns the newest journal of a run that was started in this folder. Busy means that the
// run is still in progress. Unreadable says why newer journals, which may belong to that folder,
// cannot be read. The error is [fs.ErrNotExist] if there is no journal.
func (f Folder) Newest(dir string) (j *Journal, busy bool, unreadable []error, err error) {
	for _, file := range f.files(suffix) {
		path := filepath.Join(string(f), file.Name())
		j, err := readFile(path)
		if err != nil {
			unreadable = append(unreadable, fmt.Errorf("%s: %w", path, err))
			continue
		}
		if j.Head.Dir != dir {
			continue
		}
		return j, Busy(path), unreadable, nil
	}
	return nil, false, unreadable, fmt.Errorf("no journal of a run in %s: %w", dir, fs.ErrNotExist)
}

// Busy reports whether the run that writes a journal of a [Folder] is still in progress.
func Busy(path string) bool {
	lock, err := safefile.Open(strings.TrimSuffix(path, suffix) + lockSuffix)
	if err != nil {
		return false
	}
	defer lock.Close()
	return errors.Is(syscall.Flock(int(lock.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
