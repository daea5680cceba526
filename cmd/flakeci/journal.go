package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/flakeref"
	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/reports/partial"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/journal"
	"github.com/flakeci/flakeci/runner/resume"
)

func (j *job) about() partial.About {
	f := nix.Flake{Ref: j.opts.ref}
	on := j.on
	on.Disk = j.disk.Report()
	if j.target != nil {
		f = j.target.Flake
	}
	return partial.About{Artifacts: j.opts.artifacts, About: reports.About{
		Tool: result.Tool{Version: versionString()}, Nix: result.Tool{Version: j.client.Version.String()},
		Machine: on, Flake: f.Result(),
		Base: j.base.Report, Causes: j.causes, Warnings: slices.Concat(j.setup, j.ownFiles(), j.unmatched(), j.lostLogs(), j.baseUnderTest(), j.pushed.Warnings), NotTested: j.notTested(), Pushes: j.pushed.Pushes,
	}}
}

// beginJournal begins the journal of the run. If it cannot be written, the run continues without
// one.
func (j *job) beginJournal() error {
	if !j.journals {
		return nil
	}
	folder := j.app.statePath("journal")
	if folder == "" {
		return j.withoutJournal(errors.New("neither XDG_STATE_HOME nor HOME is set"))
	}
	head, key, err := j.head()
	if err == nil {
		j.journal, err = resume.Begin(resume.Options{
			Folder: journal.Folder(folder), Resume: j.opts.resume, Redact: j.app.secrets.JSON, Printf: j.app.printf, Warnf: j.app.warnf,
		}, head, key)
	}
	if err != nil {
		return j.withoutJournal(err)
	}
	return nil
}

// readReport reads the report of --resume-from.
func (j *job) readReport() (err error) {
	if path := j.opts.resumeFrom; path != "" {
		if j.saved, err = resume.ReadReport(path); err != nil {
			return &usageError{msg: "cannot resume: " + err.Error(), hint: savedHint}
		}
	}
	return nil
}

// fromReport returns the results to reuse of the report of --resume-from.
func (j *job) fromReport(cells []result.Cell) *runner.EarlierRun {
	if j.saved == nil {
		return nil
	}
	r := j.saved.Reuse(resume.Run{Cells: cells, Systems: j.selection.Systems, Basis: j.on.Basis, EvalOnly: j.opts.evalOnly})
	j.app.printf("%s", r.Summary)
	if r.Left != "" {
		j.app.printf("%s", r.Left)
	}
	return r.Earlier
}

// keepJournal keeps the journal now that the cells are known. With --resume or --resume-from it
// returns the results to reuse.
func (j *job) keepJournal(machine nix.Machine, cells []result.Cell) (*runner.EarlierRun, []event.Subscriber, error) {
	terms, content := j.terms(machine, cells), ""
	if j.isOneFlake() {
		content = j.target.Flake.Content()
	}
	j.on.Basis = resume.Basis(content, terms, j.selection)
	earlier := j.fromReport(cells)
	if j.journal == nil {
		return earlier, nil, nil
	}
	var record event.Subscriber
	head, _, err := j.head()
	if err == nil {
		head.Terms = terms
		if content != "" {
			head.Flake = j.target.Flake.Fingerprint()
		}
		earlier, record, err = j.journal.Keep(head, j.offered.Cells, earlier, j.opts.nix.isImpure())
	}
	if err != nil {
		j.journal.Abandon()
		j.journal = nil
		return earlier, nil, j.withoutJournal(err)
	}
	return earlier, []event.Subscriber{record}, nil
}

// endJournal records the end of the run.
func (j *job) endJournal() {
	if text, err := json.Marshal(j.about()); err == nil { // otherwise the journal could not have begun
		j.journal.End(j.outcome, text)
	}
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

// head describes the run as far as it is known before the flake is inspected. The key
// identifies runs of the same folder, flake and selection.
func (j *job) head() (h journal.Head, key any, err error) {
	h = journal.Head{Started: j.started, Selection: j.selection, Shard: journal.Shard{I: j.opts.selection.Shard.I, N: j.opts.selection.Shard.N}}
	if h.Dir, err = safefile.WorkingDir(); err != nil {
		return h, nil, err
	}
	h.About, err = json.Marshal(j.about())
	return h, []any{h.Dir, j.app.secrets.Text(flakeref.Parse(j.opts.ref).Absolute()), h.Selection, h.Shard, j.opts.evalOnly}, err
}

// isOneFlake reports whether the whole run evaluates the same flake. An uncommitted tree may be
// edited during the run, and then restored before the run is resumed.
func (j *job) isOneFlake() bool {
	return !j.opts.nix.isImpure() && j.target.Flake.IsOne()
}

// terms returns what the results depend on besides the flake.
func (j *job) terms(machine nix.Machine, cells []result.Cell) map[string]string {
	n := j.opts.nix
	terms := map[string]string{
		"flakeci": versionString(), "Nix": j.client.Version.String(),
		"--impure": fmt.Sprint(n.impure), "--option": fmt.Sprintf("%q", n.settings), "--store": n.store,
		"buildable systems": strings.Join(machine.Systems, " "),
	}
	if slices.ContainsFunc(cells, func(c result.Cell) bool { return c.Kind == result.KindVM }) {
		terms["--accel"], terms["[vm] in flakeci.toml"] = j.opts.vm.accel, j.opts.vms.String()
	}
	// Credentials are masked, as in the journal. So a run can be resumed with another token: each
	// CI job has its own.
	for name, value := range terms {
		terms[name] = j.app.secrets.Text(value)
	}
	return terms
}
