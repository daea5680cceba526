package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/memory"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/redact"
	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/internal/tmpdir"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/reports/history"
	"github.com/flakeci/flakeci/reports/progress/views"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/baseline"
	"github.com/flakeci/flakeci/runner/disk"
	"github.com/flakeci/flakeci/runner/evalpool"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
	"github.com/flakeci/flakeci/runner/plan"
	"github.com/flakeci/flakeci/runner/push"
	"github.com/flakeci/flakeci/runner/resume"
)

// job is a run in progress.
type job struct {
	app       *App
	opts      runOptions
	selection matrix.Selection
	client    *nix.Client
	started   time.Time
	on        result.Machine // this machine, and its part of the work
	memory    *evalpool.Memory
	artifacts *artifact.Folder // nil without full logs
	setup     []result.Warning // about how the flake is set up

	plan   *plan.Plan // nil if the run evaluates
	target *nix.Target
	// discovery is all that the flake offers.
	discovery runner.Discovery
	offered   matrix.Matrix      // all cells of the flake
	matrix    matrix.Matrix      // the selected cells
	seen      []result.NotTested // in outputs that flakeci does not test
	base      baseline.Baseline
	outcome   outcome.Run
	overdue   bool // ended by the deadline
	journals  bool // the run keeps a journal
	journal   *resume.Journal
	saved     *resume.Report                      // of --resume-from
	disk      *disk.Keeper                        // of --low-disk; nil without it
	causes    []*result.Cause                     // that belong to no cell
	rest      func(context.Context) []result.Cell // selects the cells that could not be selected at first; may be nil
	vms       func(tmp string) runner.VMOptions   // replaces what a run does with VMs
	history   *history.Keeper                     // nil if it is not kept
	others    *runner.Listing                     // nil if the run may test them
	homes     homesSeen
	pushed    push.Report
}

// start finds Nix, and runs the job in a temporary folder.
func (j *job) start(ctx context.Context) error {
	began := time.Now()
	tmp, remove, err := tmpdir.New()
	if err != nil {
		return err
	}
	defer remove()
	j.memory = &evalpool.Memory{Total: j.opts.evalMemory.OrElse(memory.Available() / 4 * 3)}
	o, err := j.app.clientOptions(j.opts.nix, tmp)
	if err != nil {
		return err
	}
	o.Auxiliary = j.memory.Auxiliary
	finding, stop := j.withTimeout(ctx)
	defer stop()
	if j.client, err = j.app.findNix(finding, o); err != nil {
		return j.slowError(finding, err)
	}
	j.started = time.Now()
	host, _ := os.Hostname() // without a name, the name of the report will do
	j.on = reports.Machine(j.app.env, host)
	j.describeShard(matrix.Matrix{}, matrix.Matrix{}) // until the cells are known
	j.app.crashRun().OnCleanup(remove)
	j.updateCrash()
	if err = j.beginJournal(); err != nil {
		return err
	}
	within, stop := runner.WithDeadline(ctx, began, j.opts.deadline)
	defer stop()
	defer context.AfterFunc(within, safely.Func(func() {
		if over := runner.Overdue(within); over != nil {
			j.app.printf("%s: stopping what is still running", over)
		}
	}))()
	err = j.do(within, tmp)
	j.overdue = runner.Overdue(within) != nil
	if err != nil {
		j.journal.Undo() // nothing was run
	} else {
		j.endJournal() // if no cell was run, nothing has recorded the end yet
	}
	return err
}

// do opens the flake, finds its cells and runs the selected ones. Faults of the flake become
// causes; an error means that there is nothing to report: no flake, or nothing selected.
func (j *job) do(ctx context.Context, tmp string) error {
	looking, stop := j.withTimeout(ctx)
	defer stop()
	endHeartbeat := j.whileInspecting()
	defer endHeartbeat()
	machine, cells, err := j.look(ctx, looking, stop, tmp)
	if err != nil || len(cells) == 0 {
		j.outcome.Interrupted = runner.Interrupted(ctx)
		return err
	}
	endListing := j.listOtherCells(ctx)
	defer endListing()
	earlier, followers, err := j.keepJournal(machine, cells)
	if err != nil {
		return err
	}
	j.updateCrash()
	followers = append(followers, event.Subscriber{Handle: j.app.printWarning})
	pusher, stopPushing := j.startPushing(ctx, tmp)
	defer stopPushing()
	if pusher != nil {
		followers = append(followers, pusher.Subscriber())
	}
	endHeartbeat()
	show := j.show(ctx, machine)
	stopShow := sync.OnceFunc(show.Stop)
	j.app.crashRun().OnStop(stopShow)
	defer stopShow()
	j.watchDisk(ctx, tmp)
	o := j.toRunner(tmp, machine, show)
	o.Earlier, o.Subscribers = earlier, append(o.Subscribers, followers...)
	if pusher != nil {
		o.Pushed = pusher.Await
	}
	if j.rest != nil {
		o.Later = func(run context.Context) []result.Cell {
			defer context.AfterFunc(run, safely.Func(stop))()
			return j.rest(run)
		}
	}
	j.outcome = runner.Run(ctx, cells, o)
	if err := j.checkSystems(); err != nil && ctx.Err() == nil {
		return err
	}
	j.checkDeadline(ctx)
	j.endJournal() // first, as the rest takes time
	j.others.Wait(ctx)
	endListing() // so that its evaluations are saved too
	j.saveEvaluations(ctx)
	if pusher != nil {
		stopShow()
		j.finishPushing(ctx, pusher)
	}
	return nil
}

// look opens the flake and its base, and selects the cells to begin with. There are none if
// the flake is broken; stop cancels looking.
func (j *job) look(ctx, looking context.Context, stop func(), tmp string) (machine nix.Machine, cells []result.Cell, err error) {
	near, err := j.app.checkRef(looking, j.client, &j.opts.flakeFlags, tmp)
	if err != nil {
		return machine, nil, err
	}
	var noFlake *nix.NoFlakeError
	j.target, err = j.open(looking, j.opts.ref, tmp)
	if errors.As(err, &noFlake) {
		return machine, nil, withSuggestion(err, near)
	}
	if err != nil {
		j.addFlakeCause(ctx, looking, err)
		return machine, nil, nil
	}
	j.updateCrash()
	j.app.warnOverrides(j.target.Flake)
	if j.journals {
		j.history = j.app.keepHistory(ctx, j.target.Flake)
	}
	// Before there are cells, so that an interruption loses none.
	if machine, err = j.client.Machine(looking); err != nil {
		j.addFlakeCause(ctx, looking, err)
		return machine, nil, nil
	}
	j.on.System = machine.System
	var finding sync.WaitGroup
	var noBase error
	finding.Go(safely.Func(func() {
		if j.base, noBase = j.findBase(looking, tmp); noBase != nil {
			stop() // the run ends with this error
		}
	}))
	cells, err = j.discover(ctx, looking)
	finding.Wait()
	if err = cmp.Or(noBase, err); err != nil || len(cells) == 0 {
		return machine, nil, err
	}
	if err := j.importPlanned(looking, cells); err != nil {
		var unusable *usageError
		if errors.As(err, &unusable) {
			return machine, nil, err
		}
		j.addFlakeCause(ctx, looking, err)
		return machine, nil, nil
	}
	j.setup = j.target.SetupWarnings(looking)
	if b := j.base.Report; b != nil && b.Missing != "" && ctx.Err() == nil {
		j.app.warnf("not compared with %s: %s", b.Ref, b.Missing)
	}
	if i, _ := j.opts.selection.Shard.Number(); i <= 1 { // only one shard reports them
		j.base.AddRemoved(j.offered.Cells, j.selection)
	}
	return machine, cells, nil
}

// pastUsers returns the users who had a home inside a host in an earlier run.
func (j *job) pastUsers(ctx context.Context, host result.Cell) []string {
	var users []string
	for _, id := range j.history.CellsIn(ctx, host.ID) {
		if user, ok := matrix.EmbeddedUser(host.ID, id); ok {
			users = append(users, user)
		}
	}
	return users
}

// keepHistory returns the history of the flake's runs, nil without a file for it.
func (a *App) keepHistory(ctx context.Context, f nix.Flake) *history.Keeper {
	path := a.statePath("history.db")
	if path == "" {
		return nil
	}
	return history.Keep(ctx, path, cmp.Or(f.Folder(), a.secrets.Text(f.Ref)), func(err error) {
		a.warnf("the history of earlier runs is unusable: %v", err)
	})
}

// toRunner returns the runner's options, except those that come from the journal: the
// earlier run and the other subscribers.
func (j *job) toRunner(tmp string, machine nix.Machine, p views.View) runner.Options {
	o := runner.Options{
		Client: j.client, Target: j.target, Machine: machine,
		EvalJobs: j.opts.evalJobs, Memory: j.memory, BuildJobs: int(j.opts.jobs), EvalOnly: j.opts.evalOnly, PlanOnly: j.opts.planOnly,
		Systems: j.selection.Systems, Timeout: j.opts.timeout, Artifacts: j.artifacts, Roots: tmp, PastUsers: j.pastUsers,
		Base: j.base.Base, FailFast: j.opts.failFast, Disk: j.disk, Retries: j.opts.retries, Stall: j.opts.stall,
	}
	if !j.opts.selection.SelectsHomes() {
		o.Embedded = func(home result.Cell) bool {
			j.homes.add(home.ID)
			return j.selection.Admits(home)
		}
	}
	shown := p.Subscriber()
	if j.vms == nil {
		o.VM = j.vmOptions(tmp)
	} else {
		o.VM = j.vms(tmp)
		boot := o.VM.Boot
		o.VM.Boot = func(ctx context.Context, vm runner.VM, bo runner.BootOptions) runner.BootResult {
			p.Hush() // the terminal is the guest's now
			return boot(ctx, vm, bo)
		}
		show := shown.Handle
		shown.Handle = func(e event.Event) {
			if f, ok := e.(event.Finished); !ok || !f.Result.Status.OK() { // otherwise it ran, and the user has used it
				show(e)
			}
		}
	}
	o.Subscribers = []event.Subscriber{j.app.crashRun().Before(shown)}
	return o
}

// updateCrash records how far the run has come, for a report after a crash.
func (j *job) updateCrash() {
	if run := j.app.crashRun(); run != nil {
		run.Update(j.about().About, j.started, j.matrix)
	}
}

// open opens a flake, and retries if something could not be fetched.
func (j *job) open(ctx context.Context, ref, tmp string) (*nix.Target, error) {
	return j.app.openFlake(ctx, j.client, ref, j.opts.nix, j.opts.retries, tmp)
}

// saveEvaluations saves the evaluation caches of the flake and its base.
func (j *job) saveEvaluations(ctx context.Context) {
	targets := []*nix.Target{j.target}
	if b := j.base.Base; b != nil && b.Target != nil {
		targets = append(targets, b.Target)
	}
	j.app.saveEvaluations(ctx, j.opts.timeout, targets...)
}

// report returns the report of the job, with credentials masked.
func (j *job) report() (result.Report, error) {
	return redact.Value(&j.app.secrets, reports.Collect(reports.Run{
		About: j.about().About, Started: j.started, Duration: time.Since(j.started), Matrix: j.matrix, Outcome: j.outcome,
		Notes: j.notes(),
	}))
}

// lostLogs warns about full logs and other artifacts that could not be saved.
func (j *job) lostLogs() []result.Warning {
	files, why := j.artifacts.Lost()
	if files == 0 {
		return nil
	}
	return []result.Warning{{Text: fmt.Sprintf("%s could not be saved: %v", english.Plural(files, "full log", ""), why)}}
}

// ownFiles warns about a flake without git if the files that the run writes change it: the next
// run then evaluates everything again.
func (j *job) ownFiles() []result.Warning {
	if j.target == nil || !j.target.Flake.WithoutGit() {
		return nil
	}
	folder := j.target.Flake.Checkout
	var flags []string
	for flag, path := range j.opts.files {
		if path != "" && path != "-" && safefile.Leads(path, folder) {
			flags = append(flags, "--"+flag)
		}
	}
	if _, err := os.Lstat(j.opts.artifacts); err == nil && safefile.Leads(j.opts.artifacts, folder) {
		flags = append(flags, "--artifacts")
	}
	if len(flags) == 0 {
		return nil
	}
	slices.Sort(flags)
	return []result.Warning{{Text: "the flake is not in git, so every file in its folder is part of it, including what flakeci writes there, and the next run " +
		"evaluates everything again: give " + view.JoinAnd(flags) + " a path outside the folder, or run git init"}}
}

// checkDeadline keeps a run that the deadline ended from passing, even if all its cells
// passed: the deadline may have ended what comes after them.
func (j *job) checkDeadline(ctx context.Context) {
	over := runner.Overdue(ctx)
	if over == nil || slices.ContainsFunc(j.outcome.Results, func(r outcome.Result) bool { return r.Status == result.TimedOut }) {
		return
	}
	c := over.Cause()
	c.Kind = result.CauseInfra // no cell took too long
	if j.base.Base != nil {
		c.Title += "; not everything was compared with the base"
	}
	j.causes = append(j.causes, c)
}
