package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/flakeci/flakeci/internal/memory"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/reports/github"
	"github.com/flakeci/flakeci/runner"
)

// runOptions are the flags of `flakeci run`, each of which flakeci.toml may set
// too.
type runOptions struct {
	flakeFlags
	files      reportFiles
	shard      shardFlag
	vm         vmFlags
	base       baseFlags
	github     githubFlags
	evalOnly   bool
	failFast   bool
	resume     bool
	jobs       count
	evalJobs   int
	evalMemory byteSize
	retries    int
	stall      time.Duration
	timeout    time.Duration
	artifacts  string
	progress   string
}

func (o *runOptions) add(fs *pflag.FlagSet) {
	o.flakeFlags.add(fs)
	o.addWork(fs)
	o.vm.add(fs)
	o.base.add(fs)
	o.github.add(fs, github.Auto)
	fs.Var(&o.shard, "shard", "only the I-th of N shares of the cells, `I/N`")
	fs.BoolVar(&o.failFast, "fail-fast", false, "stop at the first cell that fails")
	fs.BoolVar(&o.resume, "resume", false, "go on with the last such run, if that was stopped or did not pass")
}

// addWork adds what goes for whatever evaluates and builds.
func (o *runOptions) addWork(fs *pflag.FlagSet) {
	o.files.add(fs)
	fs.BoolVar(&o.evalOnly, "eval-only", false, "evaluate, do not build")
	fs.Var(&o.jobs, "jobs", "how many builders run at once, `N` (default Nix's max-jobs where that is more than 1, else one a core)")
	fs.IntVar(&o.evalJobs, "eval-jobs", runtime.NumCPU(), "how many evaluations run at once, `N`")
	fs.Var(&o.evalMemory, "eval-memory", "how much memory evaluation may take, `SIZE` such as 4GiB (default three quarters of what is free)")
	fs.IntVar(&o.retries, "retries", 1, "try again what fails for what may be gone the next time, such as a lost connection, at most `N` times")
	fs.DurationVar(&o.stall, "stall", 10*time.Minute, "say so when a builder has written nothing for `DURATION`; 0 never does")
	fs.DurationVar(&o.timeout, "timeout", 0, "limit each phase of each cell, and looking into the flake, to `DURATION`, such as 30m (default no limit)")
	fs.StringVar(&o.artifacts, "artifacts", "artifacts", "the `FOLDER` for whole logs of what failed")
	fs.StringVar(&o.progress, "progress", "auto", "what is shown meanwhile, `HOW`: live, plain, quiet, or auto")
}

func (a *App) runCommand() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run [FLAKE]",
		Short: "Evaluate, build, boot and report",
		Example: `  flakeci run
  flakeci run --host reason
  flakeci run --host reason --vm all
  flakeci run --user joachim --eval-only
  flakeci run --base main --changed-only
  flakeci run --kind all --junit junit.xml --json report.json`,
		Args: oneFlake,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.load(cmd, args); err != nil {
				return err
			}
			return a.run(cmd.Context(), o)
		},
	}
	o.add(cmd.Flags())
	return cmd
}

// check finds what the flag library cannot.
func (o *runOptions) check() error {
	if o.evalJobs < 1 {
		return &usageError{msg: "--eval-jobs takes a number from 1 on"}
	}
	if o.retries < 0 {
		return &usageError{msg: "--retries takes a number from 0 on"}
	}
	if o.timeout < 0 {
		return &usageError{msg: "--timeout takes a duration that is not negative"}
	}
	if st, err := os.Stat(o.artifacts); err == nil && !st.IsDir() {
		return &usageError{msg: "--artifacts takes a folder, and " + o.artifacts + " is a file"}
	}
	return cmp.Or(checkProgress(o.progress), o.vm.check(), o.base.check(), o.github.check(), o.files.check())
}

// run is `flakeci run`: from the flake reference to the report. A report is
// written in every case in which there is a flake to report on.
func (a *App) run(ctx context.Context, o runOptions) error {
	j, err := a.work(ctx, o, true)
	if err != nil {
		return err
	}
	r := j.report()
	j.memoir.add(ctx, &r)
	err = a.publish(ctx, r, delivery{
		files: o.files, artifacts: evidence(o.artifacts), color: o.color, github: o.github, shard: o.shard.String(),
	})
	j.journal.close(a, r.Verdict)
	return err
}

// work takes the selected cells through all that was asked for, and may keep a
// journal of it.
func (a *App) work(ctx context.Context, o runOptions, journals bool) (*job, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	selection, err := o.selection.selection()
	if err != nil {
		return nil, err
	}
	j := &job{app: a, opts: o, selection: selection, journals: journals}
	return j, j.start(ctx)
}

// job is one run on its way.
type job struct {
	app       *App
	opts      runOptions
	selection matrix.Selection
	client    *nix.Client
	started   time.Time

	target   *nix.Target
	offered  matrix.Matrix // all that the flake has
	matrix   matrix.Matrix // what takes part
	base     baseline
	outcome  runner.Outcome
	journals bool // one is to be kept
	journal  *record
	causes   []*runner.Cause                   // of what no cell stands for
	rest     func() []matrix.Cell              // chooses what could not be chosen yet; may be nil
	vms      func(tmp string) runner.VMOptions // what is done with VMs, if not what a run does
	memoir   *memoir                           // nil if nothing is to be remembered
}

// start finds Nix, and goes through the job in a folder of its own.
func (j *job) start(ctx context.Context) error {
	tmp, err := os.MkdirTemp("", "flakeci-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if j.client, err = nix.Find(ctx, j.app.clientOptions(j.opts.nix)); err != nil {
		return err
	}
	j.started = time.Now()
	err = j.do(ctx, tmp)
	j.outcome.Interrupted = ctx.Err() != nil
	return err
}

// do opens the flake, finds its cells and runs those that are selected. What is
// wrong with the flake as a whole becomes a cause; the error is for a run that
// has nothing to report: no flake there, or nothing selected.
func (j *job) do(ctx context.Context, tmp string) (err error) {
	var noFlake *nix.NoFlakeError
	looking, stop := j.limit(ctx)
	defer stop()
	j.target, err = j.open(looking, j.opts.ref, tmp)
	if errors.As(err, &noFlake) {
		return err
	}
	if err != nil {
		return j.broken(ctx, j.slow(looking, err))
	}
	j.app.warnOverrides(j.target.Flake)
	if j.journals {
		j.memoir = j.remember(ctx)
	}
	// Asked before there are cells, so that none is lost if this is interrupted.
	machine, err := j.client.Machine(ctx)
	if err != nil {
		return j.broken(ctx, err)
	}
	var base errgroup.Group
	base.Go(func() (err error) {
		j.base, err = j.findBase(looking, tmp)
		return err
	})
	cells, err := j.choose(ctx, looking)
	if err = cmp.Or(err, base.Wait()); err != nil || len(cells) == 0 {
		return err
	}
	if b := j.base.report; b != nil && b.Missing != "" && ctx.Err() == nil {
		j.app.say("warning: not compared with %s: %s", b.Ref, b.Missing)
	}
	j.base.without(j)
	earlier, watch, err := j.keepJournal(machine, cells)
	if err != nil {
		return err
	}
	progress := newProgress(ctx, j)
	defer progress.stop()
	o := runner.Options{
		Client: j.client, Target: j.target, Machine: machine,
		EvalJobs: j.opts.evalJobs, EvalMemory: j.opts.evalMemory.or(memory.Available() / 4 * 3), BuildJobs: int(j.opts.jobs), EvalOnly: j.opts.evalOnly,
		Systems: j.selection.Systems, Timeout: j.opts.timeout, Artifacts: j.opts.artifacts, Watch: append([]runner.Watcher{progress.watcher()}, watch...),
		Base: j.base.base, Later: j.rest, FailFast: j.opts.failFast, Retries: j.opts.retries, Stall: j.opts.stall, Earlier: earlier,
	}
	if j.vms == nil {
		o.VM = j.vmOptions(tmp)
	} else {
		o.VM = j.vms(tmp)
		boot := o.VM.Boot
		o.VM.Boot = func(ctx context.Context, vm runner.VM, bo runner.BootOptions) runner.Booted {
			progress.hush() // the terminal is the guest's now
			return boot(ctx, vm, bo)
		}
		done := o.Watch[0].Done
		o.Watch[0].Done = func(r runner.Result) {
			if r.Failed() { // else somebody has looked around already
				done(r)
			}
		}
	}
	if !j.opts.selection.namesHomes() {
		o.Embedded = j.selection.Admits
	}
	j.outcome = runner.Run(ctx, cells, o)
	j.keepAnswers(ctx)
	j.journal.end(j.outcome, j.about())
	return nil
}

// open opens a flake, and tries again if something could not be fetched that may be
// there the next time.
func (j *job) open(ctx context.Context, ref, tmp string) (target *nix.Target, err error) {
	err = runner.Retry(ctx, j.opts.retries, func() (err error) {
		target, err = j.client.Open(ctx, ref, j.opts.nix.flake(), tmp)
		return err
	}, func(err error) { j.app.say("%s; trying again", runner.FlakeCause(err).Title) })
	return target, err
}

// keepAnswers has the next run know what this one evaluated.
func (j *job) keepAnswers(ctx context.Context) {
	err := j.target.Save(ctx)
	if b := j.base.base; b != nil && b.Target != nil {
		err = errors.Join(err, b.Target.Save(ctx))
	}
	if err != nil && ctx.Err() == nil {
		j.app.say("warning: what was evaluated is not kept for the next run: %v", err)
	}
}

// choose lists the flake's cells and selects among them. Where a whole output
// could not be listed, that is reported rather than that nothing fits.
func (j *job) choose(ctx, looking context.Context) ([]matrix.Cell, error) {
	wanted := j.wanted()
	d, err := runner.Discover(looking, j.target, wanted)
	if err == nil && d.Rest != nil {
		if early := j.early(d.Matrix); len(early) > 0 {
			j.rest = func() []matrix.Cell { return j.chooseRest(ctx, looking, d, early) }
			return early, nil
		}
		d, err = d.Rest()
	}
	if err != nil {
		return nil, j.broken(ctx, j.slow(looking, err))
	}
	return j.selectFrom(d, wanted)
}

// limit is for looking into the flake, which may take as long as any phase.
func (j *job) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if j.opts.timeout == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, j.opts.timeout)
}

// slow is the error of looking into the flake, or that it took too long.
func (j *job) slow(looking context.Context, err error) error {
	if errors.Is(looking.Err(), context.DeadlineExceeded) {
		return &runner.SlowError{What: "looking into the flake", Limit: j.opts.timeout}
	}
	return err
}

// early are the cells to begin with while the rest of the flake is being listed:
// `nix flake show` can take half a minute. Who compares, or takes a share of the
// cells, has to know them all.
func (j *job) early(known matrix.Matrix) []matrix.Cell {
	if j.opts.base.given() || j.opts.shard.String() != "" {
		return nil
	}
	m, err := known.Select(j.selection)
	if err != nil || j.opts.vms.against(hostsToBoot(known)) != nil {
		return nil // what is said of that is said of the whole
	}
	j.matrix, j.offered = m, known
	return m.Cells
}

// chooseRest selects among all cells and gives those that did not begin early.
func (j *job) chooseRest(ctx, looking context.Context, d runner.Discovery, early []matrix.Cell) []matrix.Cell {
	d, err := d.Rest()
	if err != nil {
		j.causes = append(j.causes, d.Causes...)
		_ = j.broken(ctx, j.slow(looking, err))
		return nil
	}
	all, err := j.selectFrom(d, j.wanted())
	if err != nil {
		return nil // which it had said before any began
	}
	return slices.DeleteFunc(slices.Clone(all), func(c matrix.Cell) bool {
		return slices.ContainsFunc(early, func(e matrix.Cell) bool { return e.ID == c.ID })
	})
}

// selectFrom chooses the cells that take part.
func (j *job) selectFrom(d runner.Discovery, wanted runner.Wanted) ([]matrix.Cell, error) {
	if err := j.opts.vms.against(hostsToBoot(d.Matrix)); err != nil && len(d.Causes) == 0 {
		return nil, err
	}
	j.causes = append(j.causes, d.Causes...)
	j.matrix, j.offered = d.Matrix, d.Matrix
	selected, err := d.Matrix.Select(j.selection)
	switch {
	case err != nil && len(j.causes) > 0:
		j.app.complain(err)
		return nil, nil
	case err != nil:
		return nil, nothingHint(err, wanted.Others)
	}
	j.matrix, err = j.opts.shard.of(selected)
	return j.matrix.Cells, err
}

// wanted says how far to look into the flake.
func (j *job) wanted() runner.Wanted {
	return runner.Wanted{
		Others:   slices.ContainsFunc(j.selection.Kinds, isOther),
		Embedded: j.opts.selection.lookInside(j.selection),
	}
}

// broken makes a cause of what keeps the flake from being looked into. An
// interruption is none: the report says of itself that it was interrupted.
func (j *job) broken(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		j.causes = append(j.causes, runner.FlakeCause(err))
	}
	return nil
}

// isOther says whether a kind is found by `nix flake show` only.
func isOther(k matrix.Kind) bool {
	return k == matrix.KindCheck || k == matrix.KindPackage || k == matrix.KindDevShell || k == matrix.KindFormatter
}

// nothingHint adds where else there might be something.
func nothingHint(err error, others bool) error {
	var nothing *matrix.NothingError
	if !errors.As(err, &nothing) || others {
		return err
	}
	if nothing.Filter == "" {
		return &usageError{
			msg:  "nothing to do: the flake has no hosts and no homes",
			hint: "--kind all takes its packages, checks and shells too",
		}
	}
	return &usageError{msg: err.Error(), hint: "only NixOS hosts and homes take part unless --kind names others, such as darwin, or --vm hosts to boot"}
}

// report is what came of the job.
func (j *job) report() reports.Report {
	return reports.Collect(j.about().run(reports.Run{
		Started: j.started, Duration: time.Since(j.started), Matrix: j.matrix, Outcome: j.outcome,
	}))
}

// delivery says where a report goes.
type delivery struct {
	files     reportFiles
	artifacts evidence
	color     string
	github    githubFlags
	shard     string // which of several; empty for the whole
}

// publish shows the report, writes it to the files and ends with the verdict's
// exit code. A stdout that takes nothing keeps no file from being written.
func (a *App) publish(ctx context.Context, r reports.Report, d delivery) error {
	table := a.Stdout
	if d.files.onStdout() {
		table = a.Stderr
	}
	style := a.style(d.color, table)
	err := errors.Join(
		reports.WriteTable(table, r, reports.TableOptions{Color: style.color, Width: style.width}),
		a.writeReports(r, d),
		a.writeOutputs(r),
	)
	a.onGitHub(ctx, r, d.github, d.shard)
	if err != nil {
		return err
	}
	return verdictExit(r.Verdict)
}

// verdictExit is nil for a run that passed, else its exit code.
func verdictExit(v reports.Verdict) error {
	switch v {
	case reports.VerdictPassed:
		return nil
	case reports.VerdictFailed:
		return exitCode(exitFailed)
	case reports.VerdictCanceled:
		return exitCode(exitInterrupted)
	}
	return exitCode(exitError)
}
