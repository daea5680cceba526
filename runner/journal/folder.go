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
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/runner"
)

// Folder is where journals lie: one for each sort of run, in place of that of the
// run before. Beside each lies a file that is locked for as long as a run writes
// there.
type Folder string

// How long a journal may lie.
const keepFor = 30 * 24 * time.Hour

// longestPID is more than the id of a process has, in bytes.
const longestPID = 64

const suffix, lockSuffix = ".jsonl", ".lock"

// BusyError says that a run is still writing the journal.
type BusyError struct {
	PID string
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("it is still in progress (pid %s)", e.PID)
}

// Slot is the place of one journal, locked.
type Slot struct {
	// Redact takes credentials out of a line of JSON before it is written; nil leaves
	// them.
	Redact func(line []byte) []byte

	path string
	lock *os.File
}

// Open takes the place of the runs that the key tells from others: whatever JSON
// makes of it. The error is a [*BusyError] if another run has it.
func (f Folder) Open(key any) (*Slot, error) {
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

func (f Folder) open(name string) (*Slot, error) {
	s := &Slot{path: filepath.Join(string(f), name+suffix)}
	path := filepath.Join(string(f), name+lockSuffix)
	for {
		lock, err := safefile.OpenLock(path)
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			pid, _ := safefile.Read(path, longestPID)
			_ = lock.Close()
			if errors.Is(err, syscall.EWOULDBLOCK) {
				return nil, &BusyError{strings.TrimSpace(string(pid))}
			}
			return nil, err
		}
		// Somebody who tidies up may have removed it meanwhile.
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

// Read reads the journal that is there. The error is [fs.ErrNotExist] if there is
// none, and that of [Read].
func (s *Slot) Read() (*Journal, error) { return readFile(s.path) }

func readFile(path string) (*Journal, error) {
	file, err := safefile.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return Read(file)
}

// oldSuffix ends the name of the journal that a new one has replaced for now.
const oldSuffix = ".old"

// Begin begins a journal before the flake is looked into, in the place of what is there,
// which [Slot.Undo] puts back. Earlier is what may be taken over; nil is nothing.
func (s *Slot) Begin(h Head, earlier *runner.Earlier) (*Writer, error) {
	if err := s.forget(); err != nil {
		return nil, err
	}
	_ = os.Link(s.path, s.path+oldSuffix) // without links on the file system, there is nothing to put back
	h.Looking = true
	return create(s.path, s.Redact, h, nil, earlier)
}

// Create begins the journal of a run whose cells are known, in the place of what is
// there. Offer is all that the flake has, Earlier what is taken over; nil is nothing.
func (s *Slot) Create(h Head, offer []matrix.Cell, earlier *runner.Earlier) (*Writer, error) {
	w, err := create(s.path, s.Redact, h, offer, earlier)
	if err == nil {
		_ = s.forget() // the next run tries again
	}
	return w, err
}

// Undo puts back what was there before the journal was begun.
func (s *Slot) Undo() error {
	err := os.Rename(s.path+oldSuffix, s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s.Remove()
	}
	return err
}

func (s *Slot) forget() error { return unlessMissing(os.Remove(s.path + oldSuffix)) }

func unlessMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Remove removes the journal.
func (s *Slot) Remove() error { return errors.Join(s.forget(), os.Remove(s.path)) }

// Close lets others have the place.
func (s *Slot) Close() error { return s.lock.Close() }

// prune removes what has become old, as far as nobody has it.
func (f Folder) prune() {
	for _, file := range f.files(lockSuffix) {
		if time.Since(file.ModTime()) < keepFor {
			continue
		}
		name := strings.TrimSuffix(file.Name(), lockSuffix)
		slot, err := f.open(name)
		if err != nil {
			continue // somebody has it, or it is not ours to remove
		}
		for _, end := range []string{suffix, suffix + ".new", suffix + oldSuffix, lockSuffix} {
			_ = os.Remove(filepath.Join(string(f), name+end)) // the next run tries again
		}
		_ = slot.Close()
	}
}

// files lists those whose name ends so, the newest first.
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

// Newest gives the journal that was written last of those whose run was started in a
// folder. Busy says that the run is still going on. PassedOver says why newer ones,
// which may be of that folder, cannot be read. The error is [fs.ErrNotExist] if there
// is none.
func (f Folder) Newest(dir string) (j *Journal, busy bool, passedOver []error, err error) {
	for _, file := range f.files(suffix) {
		path := filepath.Join(string(f), file.Name())
		j, err := readFile(path)
		if err != nil {
			passedOver = append(passedOver, fmt.Errorf("%s: %w", path, err))
			continue
		}
		if j.Head.Dir != dir {
			continue
		}
		return j, Busy(path), passedOver, nil
	}
	return nil, false, passedOver, fmt.Errorf("no journal of a run in %s: %w", dir, fs.ErrNotExist)
}

// Busy says whether the run that writes a journal of a [Folder] is still going on.
func Busy(path string) bool {
	lock, err := safefile.Open(strings.TrimSuffix(path, suffix) + lockSuffix)
	if err != nil {
		return false
	}
	defer lock.Close()
	return errors.Is(syscall.Flock(int(lock.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
