package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/internal/selection"
	"github.com/flakeci/flakeci/reports/partial"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/journal"
)

// fromJournal returns the report of a run that may not have ended, its artifacts and its
// shard. Path is its journal; an empty path means the newest journal of a run that was
// started in this folder.
func (a *App) fromJournal(path string) (r result.Report, folder string, shard string, err error) {
	j, busy, err := a.findJournal(path)
	if err != nil {
		return r, "", shard, err
	}
	var b about
	if err := json.Unmarshal(j.Head.About, &b); err != nil {
		return r, "", shard, &usageError{msg: fmt.Sprintf("cannot read the journal: %v", err)}
	}
	if j.Damaged {
		a.warnf("the journal is damaged; results after the damage are lost")
	}
	if r, err = partial.FromJournal(j, b.About, busy); err != nil {
		return r, "", shard, &usageError{msg: fmt.Sprintf("cannot read the journal: %v", err)}
	}
	folder = artifactsOf(path, "")
	if path == "" || a.isMine(path) {
		folder = fromRunDir(j.Head.Dir, b.Artifacts)
	}
	of := selection.Shard{I: j.Head.Shard.I, N: j.Head.Shard.N, Job: j.Head.Selection.Job}
	return r, folder, of.Name(), nil
}

// isMine reports whether a journal is where flakeci writes them. Any other may be a
// stranger's, which must not choose a folder to read.
func (a *App) isMine(path string) bool {
	own, err := os.Stat(a.statePath("journal"))
	if err != nil {
		return false
	}
	folder, err := os.Stat(filepath.Dir(path))
	return err == nil && os.SameFile(folder, own)
}

// fromRunDir makes a path that is relative to the folder of a run relative to the working
// directory.
func fromRunDir(dir, path string) string {
	if at, err := safefile.WorkingDir(); err == nil && at == dir || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

const journalHint = "give the path of a journal, or run this in the folder where the run was started"

func (a *App) findJournal(path string) (j *journal.Journal, busy bool, err error) {
	if path != "" {
		j, err = readJournal(path)
		return j, a.isMine(path) && journal.Busy(path), err
	}
	dir, err := safefile.WorkingDir()
	if err != nil {
		return nil, false, err
	}
	var passedOver []error
	j, busy, passedOver, err = journal.Folder(a.statePath("journal")).Newest(dir)
	for _, why := range passedOver {
		a.warnf("cannot read a newer journal, which may belong to a run in this folder: %v", why)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, &usageError{msg: "nothing to report: no run in this folder was stopped or failed", hint: journalHint}
	}
	return j, busy, err
}

func readJournal(path string) (*journal.Journal, error) {
	f, err := safefile.OpenNamed(path)
	if err != nil {
		return nil, &usageError{msg: err.Error(), hint: journalHint}
	}
	defer f.Close()
	j, err := journal.Read(f)
	if err != nil {
		return nil, &usageError{msg: path + ": " + err.Error(), hint: journalHint}
	}
	return j, nil
}
