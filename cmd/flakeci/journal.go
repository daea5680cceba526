package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/flakeref"
	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/journal"
	"github.com/flakeci/flakeci/runner/outcome"
)

// runJournal is the journal of a run in progress; nil means none.
type runJournal struct {
	slot   *journal.Slot
	writer *journal.Writer
	ended  bool
	// previous is the journal of the previous run, for --resume, and unread the error if it
	// cannot be read.
	previous *journal.Journal
	unread   error
}

// about is what the journal keeps of the run itself, for the report.
type about struct {
	Tool, Nix result.Tool
	Flake     result.Flake
	Base      *result.Base
	Causes    []*result.Cause
	Warnings  []result.Warning
	NotTested []result.NotTested
	Artifacts string
}

func (j *job) about() about {
	f := nix.Flake{Ref: j.opts.ref}
	if j.target != nil {
		f = j.target.Flake
	}
	return about{
		Tool: result.Tool{Version: versionString()}, Nix: result.Tool{Version: j.client.Version.String()},
		Flake: result.Flake{Ref: f.Ref, Locked: f.Locked, Rev: f.Rev, Dirty: f.Dirty},
		Base:  j.base.Report, Causes: j.causes, Warnings: slices.Concat(j.unmatched(), j.lostLogs(), j.itself()), NotTested: j.notTested(), Artifacts: j.opts.artifacts,
	}
}

// run adds it to the run of a report.
func (b about) run(r reports.Run) reports.Run {
	r.Tool, r.Nix, r.Flake, r.Base, r.Causes = b.Tool, b.Nix, b.Flake, b.Base, b.Causes
	r.Warnings, r.NotTested = b.Warnings, b.NotTested
	return r
}

// beginJournal replaces the journal of the previous run before the flake is looked into, so
// that a run that is killed while an input hangs has a journal too. If it cannot be written,
// the run goes on without one.
func (j *job) beginJournal() error {
	if !j.journals {
		return nil
	}
	folder := journal.Folder(j.app.statePath("journal"))
	if folder == "" {
		return j.withoutJournal(errors.New("neither XDG_STATE_HOME nor HOME is set"))
	}
	head, key, err := j.head()
	if err != nil {
		return j.withoutJournal(err)
	}
	slot, err := folder.Open(key)
	if err != nil {
		return j.withoutJournal(err)
	}
	slot.Redact = j.app.secrets.JSON
	r := &runJournal{slot: slot}
	var earlier *runner.Earlier
	if j.opts.resume {
		if r.previous, r.unread = slot.Read(); r.unread == nil {
			// Keep it until it is known whether this run can resume it.
			earlier, head.Terms = r.previous.Earlier(false), r.previous.Head.Terms
		}
	}
	if r.writer, err = slot.Begin(head, earlier); err != nil {
		return errors.Join(j.withoutJournal(err), slot.Close())
	}
	j.journal = r
	return nil
}

// keepJournal rewrites the journal now that the cells are known. With --resume it returns
// the results of the previous run to reuse.
func (j *job) keepJournal(machine nix.Machine, cells []matrix.Cell) (earlier *runner.Earlier, follow []event.Subscriber, err error) {
	r := j.journal
	if r == nil {
		return nil, nil, nil
	}
	head, _, err := j.head()
	if err == nil {
		head.Terms = j.terms(machine, cells)
		if j.isOneFlake() {
			head.Flake = j.target.Flake.Fingerprint()
		}
		if j.opts.resume {
			earlier = j.resume(head)
		}
		var w *journal.Writer
		if w, err = r.slot.Create(head, j.offered.Cells, earlier); err == nil {
			_ = r.writer.Close() // its file has been replaced
			r.writer = w
			return earlier, []event.Subscriber{{Handle: w.Record}}, nil
		}
	}
	j.journal = nil
	_, _ = r.writer.Close(), r.slot.Close() // both are given up
	return nil, nil, j.withoutJournal(err)
}

// withoutJournal warns that the run has no journal. With --resume that is an error.
func (j *job) withoutJournal(why error) error {
	var busy *journal.BusyError
	switch {
	case errors.As(why, &busy) && j.opts.resume:
		return &usageError{msg: fmt.Sprintf("cannot resume: an identical run is in progress (pid %s)", busy.PID), hint: "wait until it ends, or stop it with Ctrl-C"}
	case errors.As(why, &busy):
		j.app.warnf("an identical run is in progress (pid %s); this one will not be resumable", busy.PID)
	case j.opts.resume:
		return fmt.Errorf("cannot resume: no journal: %w", why)
	default:
		j.app.warnf("this run will not be resumable: no journal: %v", why)
	}
	return nil
}

// head describes the run as far as it is known before the flake is looked into. The key
// identifies runs of the same folder, flake and selection.
func (j *job) head() (h journal.Head, key any, err error) {
	h = journal.Head{Started: j.started, Selection: j.selection, Shard: journal.Shard{I: j.opts.shard.i, N: j.opts.shard.n}}
	if h.Dir, err = safefile.WorkingDir(); err != nil {
		return h, nil, err
	}
	h.About, err = json.Marshal(j.about())
	return h, []any{h.Dir, j.app.secrets.Text(flakeref.Parse(j.opts.ref).Absolute()), h.Selection, h.Shard, j.opts.evalOnly}, err
}

// isOneFlake reports whether the whole run evaluates the same flake. An uncommitted tree may
// be edited during the run, and be as it was at the start again when the run is resumed.
func (j *job) isOneFlake() bool {
	return !j.opts.nix.isImpure() && j.target.Flake.IsOne()
}

// terms returns what the results depend on besides the flake.
func (j *job) terms(machine nix.Machine, cells []matrix.Cell) map[string]string {
	n := j.opts.nix
	terms := map[string]string{
		"flakeci": versionString(), "Nix": j.client.Version.String(),
		"--impure": fmt.Sprint(n.impure), "--option": fmt.Sprintf("%q", n.settings), "--store": n.store,
		"buildable systems": strings.Join(machine.Systems, " "),
	}
	if slices.ContainsFunc(cells, func(c matrix.Cell) bool { return c.Kind == matrix.KindVM }) {
		terms["--accel"], terms["[vm] in flakeci.toml"] = j.opts.vm.accel, j.opts.vms.String()
	}
	// The journal has them with credentials masked. A run can be resumed with another token:
	// each CI job has its own.
	for name, value := range terms {
		terms[name] = j.app.secrets.Text(value)
	}
	return terms
}

// resume prints whether the run resumes the previous one, and returns the results to reuse.
func (j *job) resume(now journal.Head) *runner.Earlier {
	previous, err := j.journal.previous, j.journal.unread
	switch {
	case errors.Is(err, fs.ErrNotExist):
		j.app.printf("nothing to resume; starting a new run")
		return nil
	case err != nil:
		j.app.printf("nothing to resume: cannot read the journal: %v; starting a new run", err)
		return nil
	}
	if previous.Damaged {
		j.app.warnf("the journal of the previous run is damaged; what came after the damage runs again")
	}
	if previous.Foreign() {
		j.app.warnf("the journal of the previous run has invalid store paths; the cells they belong to run again")
	}
	run := "the " + dayAndTime(previous.Head.Started) + " run"
	if previous.Looking() && len(previous.Earlier(false).Passed) == 0 {
		j.app.printf("nothing to resume: %s did not get past looking into the flake; starting a new run", run)
		return nil
	}
	if other := differingTerms(previous.Head.Terms, now.Terms); len(other) > 0 {
		j.app.printf("not resuming %s because these differ: %s; starting a new run", run, strings.Join(other, ", "))
		return nil
	}
	same := now.Flake != "" && previous.Head.Flake == now.Flake
	e := previous.Earlier(same)
	switch {
	case same:
		j.app.printf("resuming %s (%s)", run, reused(len(e.Same)))
	case j.opts.nix.isImpure():
		j.app.printf("resuming %s (impure evaluation: re-evaluating, reusing unchanged results)", run)
	case now.Flake == "":
		j.app.printf("resuming %s (uncommitted changes: re-evaluating, reusing unchanged results)", run)
	default:
		j.app.printf("resuming %s (the flake changed: re-evaluating, reusing unchanged results)", run)
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
	all := maps.Clone(a)
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

// end records the end of the run. More may be known of it than at the beginning.
func (r *runJournal) end(o outcome.Run, b about) {
	if r == nil {
		return
	}
	r.ended = true
	text, err := json.Marshal(b)
	if err == nil { // otherwise the journal could not have begun
		r.writer.End(o, text)
	}
}

// undo restores the previous journal, because nothing was run.
func (r *runJournal) undo(a *App) {
	if r == nil {
		return
	}
	_ = r.writer.Close()
	if err := errors.Join(r.slot.Undo(), r.slot.Close()); err != nil {
		a.warnf("cannot restore the journal of the previous run: %v", err)
	}
}

// close ends the journal, and removes it if the run needs no resuming.
func (r *runJournal) close(a *App, complete bool) {
	if r == nil {
		return
	}
	err := r.writer.Close()
	if complete {
		err = r.slot.Remove()
	}
	if err = errors.Join(err, r.slot.Close()); err != nil {
		a.warnf("cannot keep the journal: %v", err)
	}
}
