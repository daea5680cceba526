package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/diagnose"
	"github.com/flakeci/flakeci/internal/memory"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/cause"
	"github.com/flakeci/flakeci/runner/evalpool"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
	"github.com/flakeci/flakeci/runner/retry"
)

// job is one run on its way.
type job struct {
	app       *App
	opts      runOptions
	selection matrix.Selection
	client    *nix.Client
	started   time.Time
	memory    *evalpool.Memory
	artifacts *artifact.Folder // nil keeps no whole logs

	target   *nix.Target
	offered  matrix.Matrix // all that the flake has
	matrix   matrix.Matrix // what takes part
	base     baseline
	outcome  outcome.Run
	overdue  bool // the deadline ended it
	journals bool // one is to be kept
	journal  *record
	causes   []*result.Cause                     // of what no cell stands for
	rest     func(context.Context) []matrix.Cell // chooses what could not be chosen yet; may be nil
	vms      func(tmp string) runner.VMOptions   // what is done with VMs, if not what a run does
	memoir   *memoir                             // nil if nothing is to be remembered
	others   *others                             // nil if they are listed with the rest
	homes    homesSeen
}

// start finds Nix, and goes through the job in a folder of its own.
func (j *job) start(ctx context.Context) error {
	began := time.Now()
	tmp, remove, err := newTmp()
	if err != nil {
		return err
	}
	defer remove()
	j.memory = &evalpool.Memory{Total: j.opts.evalMemory.or(memory.Available() / 4 * 3)}
	o, err := j.app.clientOptions(j.opts.nix, tmp)
	if err != nil {
		return err
	}
	o.Auxiliary = j.memory.Auxiliary
	finding, stop := j.limit(ctx)
	defer stop()
	if j.client, err = j.app.findNix(finding, o); err != nil {
		return j.slow(finding, err)
	}
	j.started = time.Now()
	s := j.app.sight.Load()
	s.see(j)
	s.removes(remove)
	if err = j.beginJournal(); err != nil {
		return err
	}
	within, stop := runner.WithDeadline(ctx, began, j.opts.deadline)
	defer stop()
	defer context.AfterFunc(within, safely.Func(func() {
		if over := runner.Overdue(within); over != nil {
			j.app.say("%s: what still runs is stopped", over)
		}
	}))()
	err = j.do(within, tmp)
	j.outcome.Interrupted, j.overdue = ctx.Err() != nil, runner.Overdue(within) != nil
	switch {
	case err != nil:
		j.journal.undo(j.app) // a mistake leaves nothing to resume
	case j.journal != nil && !j.journal.ended: // no cell was run
		j.journal.end(j.outcome, j.about())
	}
	return err
}

// do opens the flake, finds its cells and runs those that are selected. What is
// wrong with the flake as a whole becomes a cause; the error is for a run that
// has nothing to report: no flake there, or nothing selected.
func (j *job) do(ctx context.Context, tmp string) error {
	looking, stop := j.limit(ctx)
	defer stop()
	looked := j.whileLooking()
	defer looked()
	machine, cells, err := j.look(ctx, looking, stop, tmp)
	if err != nil || len(cells) == 0 {
		return err
	}
	endListing := j.listOthers(ctx)
	defer endListing()
	earlier, followers, err := j.keepJournal(machine, cells)
	if err != nil {
		return err
	}
	j.app.sight.Load().see(j)
	followers = append(followers, event.Subscriber{Handle: j.app.sayWarning})
	looked()
	progress := newProgress(ctx, j)
	j.app.sight.Load().shows(progress)
	defer progress.Stop()
	o := j.toRunner(tmp, machine, progress)
	o.Earlier, o.Subscribers = earlier, append(o.Subscribers, followers...)
	if j.rest != nil {
		o.Later = func(run context.Context) []matrix.Cell {
			defer context.AfterFunc(run, safely.Func(stop))()
			return j.rest(run)
		}
	}
	j.outcome = runner.Run(ctx, cells, o)
	if err := j.checkSystems(); err != nil && ctx.Err() == nil {
		return err
	}
	j.checkDeadline(ctx)
	j.journal.end(j.outcome, j.about()) // before anything else that takes time
	j.others.waitFor(ctx)
	endListing() // so that what it evaluated is kept, too
	j.keepAnswers(ctx)
	return nil
}

// look opens the flake and its base, and chooses the cells to begin with. There are none
// where the flake is broken; stop ends the looking.
func (j *job) look(ctx, looking context.Context, stop func(), tmp string) (machine nix.Machine, cells []matrix.Cell, err error) {
	near, err := j.app.meant(looking, j.client, &j.opts.flakeFlags, tmp)
	if err != nil {
		return machine, nil, err
	}
	var noFlake *nix.NoFlakeError
	j.target, err = j.open(looking, j.opts.ref, tmp)
	if errors.As(err, &noFlake) {
		return machine, nil, nearMiss(err, near)
	}
	if err != nil {
		j.broken(ctx, j.slow(looking, err))
		return machine, nil, nil
	}
	j.app.sight.Load().see(j)
	j.app.warnOverrides(j.target.Flake)
	if j.journals {
		j.memoir = j.remember(ctx)
	}
	// Asked before there are cells, so that none is lost if this is interrupted.
	if machine, err = j.client.Machine(looking); err != nil {
		j.broken(ctx, j.slow(looking, err))
		return machine, nil, nil
	}
	var base errgroup.Group
	base.Go(safely.Error(func() (err error) {
		if j.base, err = j.findBase(looking, tmp); err != nil {
			stop() // the run ends with this error
		}
		return err
	}))
	cells, err = j.choose(ctx, looking)
	if err = cmp.Or(base.Wait(), err); err != nil || len(cells) == 0 {
		return machine, nil, err
	}
	if b := j.base.report; b != nil && b.Missing != "" && ctx.Err() == nil {
		j.app.say("warning: not compared with %s: %s", b.Ref, b.Missing)
	}
	j.base.without(j)
	return machine, cells, nil
}

// toRunner makes of a job what the runner takes, but for what is known only once the
// journal was read: what the run goes on with, and the other subscribers.
func (j *job) toRunner(tmp string, machine nix.Machine, p progress) runner.Options {
	o := runner.Options{
		Client: j.client, Target: j.target, Machine: machine,
		EvalJobs: j.opts.evalJobs, Memory: j.memory, BuildJobs: int(j.opts.jobs), EvalOnly: j.opts.evalOnly,
		Systems: j.selection.Systems, Timeout: j.opts.timeout, Artifacts: j.artifacts, Roots: tmp,
		Base: j.base.base, FailFast: j.opts.failFast, Retries: j.opts.retries, Stall: j.opts.stall,
	}
	if !j.opts.selection.namesHomes() {
		o.Embedded = func(home matrix.Cell) bool {
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
		o.VM.Boot = func(ctx context.Context, vm runner.VM, bo runner.BootOptions) runner.Booted {
			p.Hush() // the terminal is the guest's now
			return boot(ctx, vm, bo)
		}
		show := shown.Handle
		shown.Handle = func(e event.Event) {
			if f, ok := e.(event.Finished); !ok || !f.Result.Status.OK() { // else somebody has looked around already
				show(e)
			}
		}
	}
	o.Subscribers = []event.Subscriber{j.app.sight.Load().before(shown)}
	return o
}

// open opens a flake, and tries again if something could not be fetched that may be
// there the next time.
func (j *job) open(ctx context.Context, ref, tmp string) (target *nix.Target, err error) {
	err = retry.Do(ctx, j.opts.retries, func() (err error) {
		target, err = j.client.Open(ctx, ref, j.opts.nix.flake(), tmp)
		return err
	}, j.triesAgain)
	if err == nil && target.Damage() != nil {
		j.app.say("warning: what earlier runs evaluated is evaluated again: %v", target.Damage())
	}
	return target, err
}

// triesAgain says why the flake is looked into once more.
func (j *job) triesAgain(err error) { j.app.say("%s; trying again", diagnose.Eval(err).Title) }

// keepAnswers has the next run know what this one evaluated, also if it is to go on
// with this one. A report does not wait for long for that, least of all that of who
// interrupted: a daemon may answer no more.
func (j *job) keepAnswers(ctx context.Context) {
	most := time.Minute
	if t := j.opts.timeout; t > 0 {
		most = min(most, t)
	}
	saving := ctx
	if ctx.Err() != nil {
		most, saving = 3*time.Second, context.WithoutCancel(ctx)
	}
	saving, cancel := context.WithTimeout(saving, most)
	defer cancel()
	err := j.target.Save(saving)
	if b := j.base.base; b != nil && b.Target != nil {
		err = errors.Join(err, b.Target.Save(saving))
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = &cause.SlowError{What: "looking whether the flake has changed", Limit: most}
	}
	if err != nil && ctx.Err() == nil {
		j.app.say("warning: what was evaluated is not kept for the next run: %v", err)
	}
}

// report is the report of the job, with credentials masked.
func (j *job) report() (result.Report, error) {
	return j.app.redacted(reports.Collect(j.about().run(reports.Run{
		Started: j.started, Duration: time.Since(j.started), Matrix: j.matrix, Outcome: j.outcome,
	})))
}

// lostLogs warns of whole logs and other evidence that could not be written.
func (j *job) lostLogs() []result.Warning {
	switch files, why := j.artifacts.Lost(); files {
	case 0:
		return nil
	case 1:
		return []result.Warning{{Text: fmt.Sprintf("a whole log could not be written: %v", why)}}
	default:
		return []result.Warning{{Text: fmt.Sprintf("%d whole logs could not be written: %v", files, why)}}
	}
}
