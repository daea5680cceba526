package partial

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/journal"
)

// About is what a journal keeps about the run itself, for the report.
type About struct {
	reports.About
	Artifacts string // the folder of the run's artifacts, from the folder of the run
}

// Found is a journal that was found.
type Found struct {
	*journal.Journal
	// Mine reports whether flakeci wrote it. Any other journal may be a stranger's, which must not
	// choose a folder to read.
	Mine bool
	// Artifacts is the folder of the run's artifacts, if the journal is flakeci's own.
	Artifacts string
	// PassedOver says why newer journals, which may belong to a run in this folder, cannot be read.
	PassedOver []error

	about About
	busy  bool
}

// JournalError reports that there is no journal, or none that can be read.
type JournalError struct {
	Reason string
	// Inside means that the file is a journal, but not one that this flakeci can use.
	Inside bool
}

func (e *JournalError) Error() string { return e.Reason }

// Find reads the journal at a path; an empty path means the newest journal of a run that was
// started in the working directory. Own is where flakeci writes journals. For a
// missing or unusable journal, the error is a [*JournalError].
func Find(own journal.Folder, path string) (f Found, err error) {
	dir, noDir := safefile.WorkingDir()
	switch f.Mine = path == "" || isIn(own, path); {
	case path == "" && noDir != nil:
		return f, noDir
	case path == "":
		f.Journal, f.busy, f.PassedOver, err = own.Newest(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return f, &JournalError{Reason: "nothing to report: no run in this folder was stopped or failed"}
		}
	default:
		f.busy = f.Mine && journal.Busy(path)
		f.Journal, err = read(path)
	}
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(f.Head.About, &f.about); err != nil {
		return f, unusable(err)
	}
	if f.Mine {
		f.Artifacts = from(dir, f.Head.Dir, f.about.Artifacts)
	}
	return f, nil
}

// Report returns the report of the run.
func (f Found) Report() (result.Report, error) {
	r, err := FromJournal(f.Journal, f.about.About, f.busy)
	if err != nil {
		return r, unusable(err)
	}
	return r, nil
}

func unusable(err error) error {
	return &JournalError{Reason: fmt.Sprintf("cannot read the journal: %v", err), Inside: true}
}

func read(path string) (j *journal.Journal, err error) {
	f, err := safefile.OpenNamed(path)
	if err != nil {
		return nil, &JournalError{Reason: err.Error()}
	}
	defer f.Close()
	if j, err = journal.Read(f); err != nil {
		return nil, &JournalError{Reason: path + ": " + err.Error()}
	}
	return j, nil
}

// isIn reports whether a journal is in a folder.
func isIn(folder journal.Folder, path string) bool {
	own, err1 := os.Stat(string(folder))
	other, err2 := os.Stat(filepath.Dir(path))
	return cmp.Or(err1, err2) == nil && os.SameFile(other, own)
}

// from makes a path from the folder of a run one from the working directory.
func from(at, dir, path string) string {
	if at == dir || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
