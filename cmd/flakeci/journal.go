package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/flakeref"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/journal"
)

// here is the folder that flakeci was started in, by whichever path that was reached.
func here() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}

// record is the journal of a run on its way; nil is none.
type record struct {
	slot   *journal.Slot
	writer *journal.Writer
	ended  bool
	// before is the journal of the earlier run, which this one may resume; unread is
	// why it cannot be read.
	before *journal.Journal
	unread error
}

// about is what the journal keeps of a run as a whole, for the report.
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
		Base:  j.base.report, Causes: j.causes, Warnings: slices.Concat(j.unmatched(), j.lostLogs(), j.itself()), NotTested: j.notTested(), Artifacts: j.opts.artifacts,
	}
}

// run fills in what a report is made of.
func (b about) run(r reports.Run) reports.Run {
	r.Tool, r.Nix, r.Flake, r.Base, r.Causes = b.Tool, b.Nix, b.Flake, b.Base, b.Causes
	r.Warnings, r.NotTested = b.Warnings, b.NotTested
	return r
}

// beginJournal begins the journal before the flake is looked into, in place of that of
// the last such run, so that a run that is killed while an input hangs has one, too. If
// none can be kept, the run goes on without.
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
	r := &record{slot: slot}
	var earlier *runner.Earlier
	if j.opts.resume {
		if r.before, r.unread = slot.Read(); r.unread == nil {
			// Whether it applies to this run is not known yet; it must not be lost
			// until then.
			earlier, head.Terms = r.before.Earlier(false), r.before.Head.Terms
		}
	}
	if r.writer, err = slot.Begin(head, earlier); err != nil {
		return errors.Join(j.withoutJournal(err), slot.Close())
	}
	j.journal = r
	return nil
}

// keepJournal writes the journal anew, now that the cells are known, and gives what is
// taken over from the earlier run if --resume asks for that.
func (j *job) keepJournal(machine nix.Machine, cells []matrix.Cell) (earlier *runner.Earlier, watch []runner.Watcher, err error) {
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
			earlier = j.goOn(head)
		}
		var w *journal.Writer
		if w, err = r.slot.Create(head, j.offered.Cells, earlier); err == nil {
			_ = r.writer.Close() // its file has been replaced
			r.writer = w
			return earlier, []runner.Watcher{w.Watcher()}, nil
		}
	}
	j.journal = nil
	_, _ = r.writer.Close(), r.slot.Close() // both are given up
	return nil, nil, j.withoutJournal(err)
}

// withoutJournal says why there is none. Who wants to resume one has to know first.
func (j *job) withoutJournal(why error) error {
	var busy *journal.BusyError
	switch {
	case errors.As(why, &busy) && j.opts.resume:
		return &usageError{msg: fmt.Sprintf("cannot resume: an identical run is in progress (pid %s)", busy.PID), hint: "wait until it ends, or stop it with Ctrl-C"}
	case errors.As(why, &busy):
		j.app.say("warning: an identical run is in progress (pid %s); this one will not be resumable", busy.PID)
	case j.opts.resume:
		return fmt.Errorf("cannot resume: no journal: %w", why)
	default:
		j.app.say("warning: this run will not be resumable: no journal: %v", why)
	}
	return nil
}

// head describes the run, as far as it is known before the flake is looked into. The
// key tells it from other runs: of another folder, flake or selection.
func (j *job) head() (h journal.Head, key any, err error) {
	h = journal.Head{Started: j.started, Selection: j.selection, Shard: journal.Shard{I: j.opts.shard.i, N: j.opts.shard.n}}
	if h.Dir, err = here(); err != nil {
		return h, nil, err
	}
	h.About, err = json.Marshal(j.about())
	return h, []any{h.Dir, j.app.secrets.Text(flakeref.Absolute(j.opts.ref)), h.Selection, h.Shard, j.opts.evalOnly}, err
}

// isOneFlake says whether all that is evaluated is what the flake was found to be at
// the start. A tree that is not committed may be edited meanwhile, and be again what
// it was when the run is gone on with.
func (j *job) isOneFlake() bool {
	return !j.opts.nix.seesMachine() && j.target.Flake.IsOne()
}

// terms are what a result holds for besides the flake.
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
	// The journal has them with credentials masked. A run can be resumed with another
	// token: each job has its own.
	for name, value := range terms {
		terms[name] = j.app.secrets.Text(value)
	}
	return terms
}

// goOn says what becomes of the run before and gives what is taken over from it.
func (j *job) goOn(now journal.Head) *runner.Earlier {
	before, err := j.journal.before, j.journal.unread
	switch {
	case errors.Is(err, fs.ErrNotExist):
		j.app.say("nothing to resume; starting a new run")
		return nil
	case err != nil:
		j.app.say("nothing to resume: cannot read the journal: %v; starting a new run", err)
		return nil
	}
	if before.Damaged {
		j.app.say("warning: the journal of the previous run is damaged; what came after the damage runs again")
	}
	if before.Foreign() {
		j.app.say("warning: the journal of the previous run has invalid store paths; the cells they belong to run again")
	}
	run := "the " + dayAndTime(before.Head.Started) + " run"
	if before.Looking() && len(before.Earlier(false).Passed) == 0 {
		j.app.say("nothing to resume: %s did not get past looking into the flake; starting a new run", run)
		return nil
	}
	if other := differing(before.Head.Terms, now.Terms); len(other) > 0 {
		j.app.say("not resuming %s because these differ: %s; starting a new run", run, strings.Join(other, ", "))
		return nil
	}
	same := now.Flake != "" && before.Head.Flake == now.Flake
	e := before.Earlier(same)
	switch {
	case same:
		j.app.say("resuming %s (%s)", run, tookOver(len(e.Same)))
	case j.opts.nix.seesMachine():
		j.app.say("resuming %s (impure evaluation: re-evaluating, reusing unchanged results)", run)
	case now.Flake == "":
		j.app.say("resuming %s (uncommitted changes: re-evaluating, reusing unchanged results)", run)
	default:
		j.app.say("resuming %s (the flake changed: re-evaluating, reusing unchanged results)", run)
	}
	return e
}

func tookOver(n int) string {
	switch n {
	case 0:
		return "nothing had passed"
	case 1:
		return "reusing 1 cell that passed"
	}
	return fmt.Sprintf("reusing %d cells that passed", n)
}

// differing are the names whose values are not the same, in order.
func differing(a, b map[string]string) []string {
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

// dayAndTime is a time as a person here reads it, with the day unless that is today.
func dayAndTime(t time.Time) string {
	t = t.Local()
	if t.Format(time.DateOnly) == time.Now().Format(time.DateOnly) {
		return t.Format("15:04")
	}
	return t.Format("2006-01-02 15:04")
}

// end writes that the run is over. More may be known of it than when it began.
func (r *record) end(o runner.Outcome, b about) {
	if r == nil {
		return
	}
	r.ended = true
	text, err := json.Marshal(b)
	if err == nil { // else it could not have been written when it began
		r.writer.End(o, text)
	}
}

// undo puts back the journal that was there: nothing was run.
func (r *record) undo(a *App) {
	if r == nil {
		return
	}
	_ = r.writer.Close()
	if err := errors.Join(r.slot.Undo(), r.slot.Close()); err != nil {
		a.say("warning: cannot restore the journal of the previous run: %v", err)
	}
}

// close keeps the journal of a run of which something is left to be done.
func (r *record) close(a *App, well bool) {
	if r == nil {
		return
	}
	err := r.writer.Close()
	if well {
		err = r.slot.Remove()
	}
	if err = errors.Join(err, r.slot.Close()); err != nil {
		a.say("warning: cannot keep the journal: %v", err)
	}
}
