package main

import (
	"errors"

	"github.com/flakeci/flakeci/internal/selection"
	"github.com/flakeci/flakeci/reports/partial"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/journal"
)

// fromJournal returns the report of a run that may not have ended, its artifacts and its
// shard. Path is its journal; an empty path means the newest journal of a run that was
// started in this folder.
func (a *App) fromJournal(path string) (r result.Report, folder string, shard string, err error) {
	found, err := partial.Find(journal.Folder(a.statePath("journal")), path)
	for _, why := range found.PassedOver {
		a.warnf("cannot read a newer journal, which may belong to a run in this folder: %v", why)
	}
	if err != nil {
		return r, "", "", explainJournal(err)
	}
	if found.Damaged {
		a.warnf("the journal is damaged; results after the damage are lost")
	}
	if r, err = found.Report(); err != nil {
		return r, "", "", explainJournal(err)
	}
	if folder = found.Artifacts; !found.Mine {
		folder = artifactsOf(path, "")
	}
	of := selection.Shard{I: found.Head.Shard.I, N: found.Head.Shard.N, Job: found.Head.Selection.Job}
	return r, folder, of.Name(), nil
}

func explainJournal(err error) error {
	var bad *partial.JournalError
	switch {
	case !errors.As(err, &bad):
		return err
	case bad.Inside:
		return &usageError{msg: bad.Reason}
	}
	return &usageError{msg: bad.Reason, hint: "give the path of a journal, or run this in the folder where the run was started"}
}
