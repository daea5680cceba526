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
	jobs       count
	evalJobs   int
	evalMemory byteSize
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
}

// addWork adds what goes for whatever evaluates and builds.
func (o *runOptions) addWork(fs *pflag.FlagSet) {
	o.files.add(fs)
	fs.BoolVar(&o.evalOnly, "eval-only", false, "evaluate, do not build")
	fs.Var(&o.jobs, "jobs", "how many builders run at once, `N` (default Nix's max-jobs where that is more than 1, else one a core)")
	fs.IntVar(&o.evalJobs, "eval-jobs", runtime.NumCPU(), "how many evaluations run at once, `N`")
	fs.Var(&o.evalMemory, "eval-memory", "how much memory evaluation may take, `SIZE` such as 4GiB (default three quarters of what is free)")
	fs.DurationVar(&o.timeout, "timeout", 0, "limit each phase of each cell to `DURATION`, such as 30m (default no limit)")
	fs.StringVar(&o.artifacts, "artifacts", "artifacts", "the `FOLDER` for whole logs of what failed")
	fs.StringVar(&o.progress, "progress", "auto", "what is said meanwhile, `HOW`: plain, quiet, or auto")
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
	if o.timeout < 0 {
		return &usageError{msg: "--timeout takes a duration that is not negative"}
	}
	if !slices.Contains([]string{"auto", "plain", "quiet"}, o.progress) {
		return &usageError{msg: "--progress takes auto, plain or quiet"}
	}
	if st, err := os.Stat(o.artifacts); err == nil && !st.IsDir() {
		return &usageError{msg: "--artifacts takes a folder, and " + o.artifacts + " is a file"}
	}
	return cmp.Or(o.vm.check(), o.base.check(), o.github.check(), o.files.check())
}

// run is `flakeci run`: from the flake reference to the report. A report is
// written in every case in which there is a flake to report on.
func (a *App) run(ctx context.Context, o runOptions) error {
	j, err := a.work(ctx, o)
	if err != nil {
		return err
	}
	return a.publish(ctx, j.report(), delivery{
		files: o.files, artifacts: evidence(o.artifacts), color: o.color, github: o.github, shard: o.shard.String(),
	})
}

// work takes the selected cells through all that was asked for.
func (a *App) work(ctx context.Context, o runOptions) (*job, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	selection, err := o.selection.selection()
	if err != nil {
		return nil, err
	}
	j := &job{app: a, opts: o, selection: selection}
	return j, j.start(ctx)
}

// job is one run on its way.
type job struct {
	app       *App
	opts      runOptions
	selection matrix.Selection
	client    *nix.Client
	started   time.Time

	target  *nix.Target
	offered matrix.Matrix // all that the flake has
	matrix  matrix.Matrix // what takes part
	base    baseline
	outcome runner.Outcome
	causes  []*runner.Cause                   // of what no cell stands for
	vms     func(tmp string) runner.VMOptions // what is done with VMs, if not what a run does
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
	j.target, err = j.client.Open(ctx, j.opts.ref, j.opts.nix.flake(), tmp)
	if errors.As(err, &noFlake) {
		return err
	}
	if err != nil {
		return j.broken(ctx, err)
	}
	j.app.warnOverrides(j.target.Flake)
	// Asked before there are cells, so that none is lost if this is interrupted.
	machine, err := j.client.Machine(ctx)
	if err != nil {
		return j.broken(ctx, err)
	}
	var base errgroup.Group
	base.Go(func() (err error) {
		j.base, err = j.findBase(ctx, tmp)
		return err
	})
	cells, err := j.choose(ctx)
	if err = cmp.Or(err, base.Wait()); err != nil || len(cells) == 0 {
		return err
	}
	if b := j.base.report; b != nil && b.Missing != "" && ctx.Err() == nil {
		j.app.say("warning: not compared with %s: %s", b.Ref, b.Missing)
	}
	j.base.without(j)
	progress := newProgress(j.app, j.opts.progress, j.app.style(j.opts.color, j.app.Stderr), len(cells))
	defer progress.stop()
	o := runner.Options{
		Client: j.client, Target: j.target, Machine: machine,
		EvalJobs: j.opts.evalJobs, EvalMemory: j.opts.evalMemory.or(memory.Available() / 4 * 3), BuildJobs: int(j.opts.jobs), EvalOnly: j.opts.evalOnly,
		Systems: j.selection.Systems, Timeout: j.opts.timeout, Artifacts: j.opts.artifacts, Watch: progress.watcher(),
		Base: j.base.base,
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
		o.Watch.Done = func(r runner.Result) {
			if r.Failed() { // else somebody has looked around already
				progress.finish(r)
			}
		}
	}
	if !j.opts.selection.namesHomes() {
		o.Embedded = j.selection.Admits
	}
	j.outcome = runner.Run(ctx, cells, o)
	j.keepAnswers(ctx)
	return nil
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
func (j *job) choose(ctx context.Context) ([]matrix.Cell, error) {
	wanted := j.wanted()
	d, err := runner.Discover(ctx, j.target, wanted)
	if err != nil {
		return nil, j.broken(ctx, err)
	}
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
	f := j.target.Flake
	return reports.Collect(reports.Run{
		Tool: reports.Tool{Version: versionString()}, Nix: reports.Tool{Version: j.client.Version.String()},
		Flake:   reports.Flake{Ref: f.Ref, Locked: f.Locked, Rev: f.Rev, Dirty: f.Dirty},
		Started: j.started, Duration: time.Since(j.started),
		Matrix: j.matrix, Outcome: j.outcome, Causes: j.causes, Base: j.base.report,
	})
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
