package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/flagvalue"
	"github.com/flakeci/flakeci/reports/forms"
	"github.com/flakeci/flakeci/reports/github"
	"github.com/flakeci/flakeci/runner/push"
)

// runOptions are the flags of `flakeci run`.
type runOptions struct {
	flakeFlags
	files      forms.Files
	vm         vmFlags
	base       baseFlags
	github     githubFlags
	evalOnly   bool
	planOnly   bool
	plan       string
	planStore  string
	failFast   bool
	lowDisk    bool
	resume     bool
	resumeFrom string
	jobs       flagvalue.Count
	evalJobs   int
	evalMemory flagvalue.ByteSize
	retries    int
	stall      time.Duration
	timeout    time.Duration
	deadline   time.Duration
	artifacts  string
	progress   string
	push       []string
	targets    []push.Target // of push
	container  string
}

func (o *runOptions) add(fs *pflag.FlagSet) {
	o.flakeFlags.add(fs)
	o.addWork(fs)
	o.vm.add(fs)
	o.base.add(fs)
	o.github.add(fs, github.Auto)
	o.addContainer(fs)
	fs.Var(&o.selection.Shard, "shard", "run only shard `I/N` of the cells, such as 2/5; or give a job, one entry of the include list that flakeci matrix --format github prints")
	fs.StringVar(&o.plan, "plan", "", "evaluate nothing, and build a shard as the plan in `FOLDER` says, which flakeci plan wrote")
	fs.StringArrayVar(&o.push, "push", nil, "push what passes to `TARGET`: a store URL such as file:///srv/cache?secret-key=FILE, cachix:NAME or attic:NAME")
	fs.StringVar(&o.planStore, "derivations-from", "", "with --plan, copy the derivations from the Nix store at `URL`, to which flakeci plan copied them with --derivations-to (default the folder of the plan)")
	fs.BoolVar(&o.failFast, "fail-fast", false, "stop at the first cell that fails")
	fs.BoolVar(&o.lowDisk, "low-disk", false, "build few cells at once, and delete what this run built or fetched when no unfinished cell needs it and space is low")
	fs.BoolVar(&o.resume, "resume", false, "resume the last run with the same arguments, if it was stopped or did not pass")
	fs.StringVar(&o.resumeFrom, "resume-from", "", "run only what had not passed according to `FILE`, a report of an earlier run, here or elsewhere")
}

// addWork adds the flags of subcommands that evaluate and build.
func (o *runOptions) addWork(fs *pflag.FlagSet) {
	o.files = addFiles(fs)
	fs.BoolVar(&o.evalOnly, "eval-only", false, "evaluate without building")
	fs.Var(&o.jobs, "jobs", "run up to `N` builds at once (default Nix's max-jobs if that is more than 1, else one per core)")
	fs.DurationVar(&o.stall, "stall", 10*time.Minute, "warn when a build prints nothing for `DURATION` (0 disables)")
	fs.StringVar(&o.artifacts, "artifacts", "artifacts", "save the full logs of failures in `FOLDER`")
	o.addEvaluation(fs)
}

// addEvaluation adds the flags of subcommands that evaluate.
func (o *runOptions) addEvaluation(fs *pflag.FlagSet) {
	fs.IntVar(&o.evalJobs, "eval-jobs", runtime.NumCPU(), "run up to `N` evaluations at once")
	fs.Var(&o.evalMemory, "eval-memory", "limit the memory of all evaluations to `SIZE`, such as 4GiB (default three quarters of the free memory)")
	fs.IntVar(&o.retries, "retries", 1, "retry transient failures (such as a lost connection) up to `N` times")
	fs.DurationVar(&o.timeout, "timeout", 0, "give each phase of a cell at most `DURATION`, such as 30m; inspecting the flake has the same limit (default no limit)")
	fs.DurationVar(&o.deadline, "deadline", 0, "end the run and report after `DURATION`; unfinished cells count as timed out (default no limit)")
	fs.StringVar(&o.progress, "progress", "auto", "show progress: `STYLE` is auto, live, plain or quiet")
}

func (a *App) runCommand() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run [FLAKE]",
		Short: "Evaluate, build, boot and report",
		Long: `flakeci run evaluates and builds the cells of a flake, boots the hosts that --vm
names, and reports the result. A cell is one configuration of the flake, such as the
host nixos/reason or the home home/joachim@reason; flakeci matrix lists them all.

You can repeat the flags that select cells. flakeci.toml, next to flake.nix, can set
most flags.`,
		Example: `  flakeci run
  flakeci run --host reason
  flakeci run --host reason --vm all
  flakeci run --user joachim --eval-only
  flakeci run --base main --changed-only
  flakeci run --kind all --junit junit.xml --json report.json`,
		Args: checkFlakeArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.load(cmd, args); err != nil {
				return err
			}
			if cmd.Flags().Changed(containerFlag) {
				return a.runInContainer(cmd.Context(), cmd, o)
			}
			return a.run(cmd.Context(), o)
		},
	}
	o.add(cmd.Flags())
	return cmd
}

// artifactsFlag names the flag that says where full logs go.
func (o *runOptions) artifactsFlag() string {
	if o.planOnly {
		return "--output"
	}
	return "--artifacts"
}

// check finds invalid values that the flag library accepts.
func (o *runOptions) check() error {
	if o.evalJobs < 1 {
		return &usageError{flag: "eval-jobs", msg: fmt.Sprintf("--eval-jobs takes a positive number, not %d", o.evalJobs)}
	}
	if o.retries < 0 {
		return &usageError{flag: "retries", msg: "--retries cannot be negative"}
	}
	if o.timeout < 0 {
		return &usageError{flag: "timeout", msg: "--timeout cannot be negative"}
	}
	if o.deadline < 0 {
		return &usageError{flag: "deadline", msg: "--deadline cannot be negative"}
	}
	if o.resume && o.resumeFrom != "" {
		return &usageError{flag: "resume-from", msg: "--resume and --resume-from exclude each other", hint: "--resume continues the last run on this machine, --resume-from the run of a report"}
	}
	if st, err := os.Stat(o.artifacts); err == nil && !st.IsDir() {
		return &usageError{msg: "--artifacts takes a folder, but " + o.artifacts + " is a file"}
	}
	var err error
	if o.targets, err = parsePushes(o.push, o.evalOnly); err != nil {
		return err
	}
	return cmp.Or(o.checkLowDisk(), checkProgress(o.progress), o.vm.check(), o.base.check(), o.github.check(), checkFiles(o.files))
}

// run is `flakeci run`. It reports whenever there is a flake.
func (a *App) run(ctx context.Context, o runOptions) error {
	j, err := a.work(ctx, o, true)
	if err != nil {
		return err
	}
	r, err := j.report()
	if err != nil {
		return err
	}
	j.history.Add(ctx, &r)
	err = a.publish(ctx, r, o.delivery())
	j.journal.Close(err == nil) // a run without a report can be resumed
	return err
}

// delivery returns where the report of the run goes.
func (o *runOptions) delivery() delivery {
	return delivery{files: o.files, outputs: o.outputs, artifacts: o.artifacts, color: o.color, github: o.github, shard: o.selection.Shard.Name()}
}

// work evaluates, builds and boots the selected cells, and may keep a journal. Crashes are
// reported from now on.
func (a *App) work(ctx context.Context, o runOptions, journals bool) (*job, error) {
	artifacts := o.outputs.Artifacts(o.artifacts, a.secrets.Writer)
	a.reportCrashes(o.delivery(), artifacts)
	if err := o.check(); err != nil {
		return nil, o.origin.locate(err)
	}
	a.reserve(o.targets)
	if err := a.checkOutputs(ctx, &o, artifacts); err != nil {
		return nil, err
	}
	selection, err := o.selection.Selection()
	if err != nil {
		return nil, o.explain(err, false)
	}
	j := &job{app: a, opts: o, selection: selection, journals: journals, artifacts: artifacts}
	if err := errors.Join(j.readPlan(), j.readReport()); err != nil {
		return nil, err
	}
	return j, j.start(ctx)
}
