// Package resume lets a run reuse the results of a stopped run.
package resume

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/journal"
	"github.com/flakeci/flakeci/runner/outcome"
)

// Options say where journals are kept, and whether the run resumes the previous one.
type Options struct {
	Folder journal.Folder
	Resume bool
	Redact func(line []byte) []byte // masks credentials in a line of JSON
	Printf func(format string, args ...any)
	Warnf  func(format string, args ...any)
}

// Journal is the journal of a run in progress; nil means none.
type Journal struct {
	options Options
	file    *journal.File
	writer  *journal.Writer
	ended   bool // the end of the run was recorded
	// previous is the journal of the previous run, with [Options.Resume], and unread the error if
	// it cannot be read.
	previous *journal.Journal
	unread   error
}

// Begin replaces the journal of the previous run before the flake is inspected, so that a run
// that is killed while an input hangs has a journal too. The key identifies runs that replace
// each other. The error is a [*journal.BusyError] if another of them is in progress.
func Begin(o Options, head journal.Head, key any) (*Journal, error) {
	file, err := o.Folder.Open(key)
	if err != nil {
		return nil, err
	}
	file.Redact = o.Redact
	j := &Journal{options: o, file: file}
	var earlier *runner.EarlierRun
	if o.Resume {
		if j.previous, j.unread = file.Read(); j.unread == nil {
			// Keep it until it is known whether this run can resume it.
			earlier, head.Terms = j.previous.Earlier(false), j.previous.Head.Terms
		}
	}
	if j.writer, err = file.Begin(head, earlier); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return j, nil
}

// Keep rewrites the journal now that the cells are known. It returns the results to reuse, and what
// records events: those of an earlier run that is given, or of the previous one with
// [Options.Resume]. Without a fingerprint of the flake in head, impure says whether that is because
// the evaluation is impure.
func (j *Journal) Keep(head journal.Head, cells []result.Cell, earlier *runner.EarlierRun, impure bool) (*runner.EarlierRun, event.Subscriber, error) {
	if j.options.Resume {
		earlier = j.resume(head, impure)
	}
	w, err := j.file.Create(head, cells, earlier)
	if err != nil {
		return nil, event.Subscriber{}, err
	}
	_ = j.writer.Close() // its file has been replaced
	j.writer = w
	return earlier, event.Subscriber{Handle: w.Record}, nil
}

// resume prints whether the run resumes the previous one, and returns the results to reuse.
func (j *Journal) resume(now journal.Head, impure bool) *runner.EarlierRun {
	previous, err := j.previous, j.unread
	switch {
	case errors.Is(err, fs.ErrNotExist):
		j.options.Printf("nothing to resume; starting a new run")
		return nil
	case err != nil:
		j.options.Printf("nothing to resume: cannot read the journal: %v; starting a new run", err)
		return nil
	}
	if previous.Damaged {
		j.options.Warnf("the journal of the previous run is damaged; what came after the damage runs again")
	}
	if previous.Foreign() {
		j.options.Warnf("the journal of the previous run has invalid store paths; the cells they belong to run again")
	}
	run := "the " + dayAndTime(previous.Head.Started) + " run"
	if previous.Looking() && len(previous.Earlier(false).Passed) == 0 {
		j.options.Printf("nothing to resume: %s did not get past inspecting the flake; starting a new run", run)
		return nil
	}
	if other := differingTerms(previous.Head.Terms, now.Terms); len(other) > 0 {
		j.options.Printf("not resuming %s because these differ: %s; starting a new run", run, strings.Join(other, ", "))
		return nil
	}
	same := now.Flake != "" && previous.Head.Flake == now.Flake
	e := previous.Earlier(same)
	switch {
	case same:
		j.options.Printf("resuming %s (%s)", run, reused(len(e.Same)))
	case impure:
		j.options.Printf("resuming %s (impure evaluation: re-evaluating, reusing unchanged results)", run)
	case now.Flake == "":
		j.options.Printf("resuming %s (uncommitted changes: re-evaluating, reusing unchanged results)", run)
	default:
		j.options.Printf("resuming %s (the flake changed: re-evaluating, reusing unchanged results)", run)
	}
	return e
}

func reused(n int) string {
	switch n {
	case 0:
		return "nothing had passed"
	case 1:
		return "reusing 1 cell that passed"
	}
	return fmt.Sprintf("reusing %d cells that passed", n)
}

// differingTerms lists the names of the terms that differ, sorted.
func differingTerms(a, b map[string]string) []string {
	all := map[string]string{} // a damaged journal may have none
	maps.Copy(all, a)
	maps.Copy(all, b)
	var names []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if a[name] != b[name] {
			names = append(names, name)
		}
	}
	return names
}

// dayAndTime formats a time in the local zone, with the day unless that is today.
func dayAndTime(t time.Time) string {
	t = t.Local()
	if t.Format(time.DateOnly) == time.Now().Format(time.DateOnly) {
		return t.Format("15:04")
	}
	return t.Format("2006-01-02 15:04")
}

// Abandon closes the journal as it is, after an error.
func (j *Journal) Abandon() { _, _ = j.writer.Close(), j.file.Close() }

// End records the end of the run, once. More may be known about it than at the beginning.
func (j *Journal) End(o outcome.Run, about json.RawMessage) {
	if j == nil || j.ended {
		return
	}
	j.ended = true
	j.writer.End(o, about)
}

// Undo restores the previous journal, because nothing was run.
func (j *Journal) Undo() {
	if j == nil {
		return
	}
	_ = j.writer.Close()
	if err := errors.Join(j.file.Undo(), j.file.Close()); err != nil {
		j.options.Warnf("cannot restore the journal of the previous run: %v", err)
	}
}

// Close ends the journal, and removes it if the run needs no resuming.
func (j *Journal) Close(complete bool) {
	if j == nil {
		return
	}
	err := j.writer.Close()
	if complete {
		err = j.file.Remove()
	}
	if err = errors.Join(err, j.file.Close()); err != nil {
		j.options.Warnf("cannot keep the journal: %v", err)
	}
}
