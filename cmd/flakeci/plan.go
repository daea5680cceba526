package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/redact"
	"github.com/flakeci/flakeci/reports/github"
	"github.com/flakeci/flakeci/reports/table"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/plan"
	"github.com/flakeci/flakeci/vmtest"
)

// planOptions are the flags of `flakeci plan`.
type planOptions struct {
	runOptions
	strategyFlags
	dir, store string
}

func (a *App) planCommand() *cobra.Command {
	o := planOptions{runOptions: runOptions{
		planOnly: true, vm: vmFlags{accel: string(vmtest.AccelAuto)},
		github: githubFlags{comment: string(github.Never), issue: string(github.Never)},
	}}
	cmd := &cobra.Command{
		Use:   "plan [FLAKE]",
		Short: "Evaluate once, for shards to build",
		Long: `flakeci plan evaluates the cells of a flake once, and writes a plan for the jobs of a
workflow: what is still to build, and how. A job that is given the plan evaluates
nothing. flakeci plan prints the matrix of these jobs, and leaves out what does not
evaluate and what is cached. Both are in report.json of the plan, which belongs to
the reports of the jobs: flakeci report merges them.

Exit codes: 0 the plan was written, also if some cells do not evaluate; 2 usage
error, 3 error.`,
		Example: `  flakeci plan --max-jobs 8
  flakeci run --plan plan --shard '{"shard": "1/8", …}' --json shard-1.json
  flakeci report plan/report.json shard-*.json`,
		Args: checkFlakeArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.load(cmd, args); err != nil {
				return err
			}
			return a.plan(cmd.Context(), o)
		},
	}
	fs := cmd.Flags()
	o.flakeFlags.add(fs)
	o.base.add(fs)
	o.addEvaluation(fs)
	o.strategyFlags.add(fs, "")
	fs.StringVar(&o.dir, "output", "plan", "write the plan to `FOLDER`")
	fs.StringVar(&o.store, "derivations-to", "", "copy the derivations to the Nix store at `URL`, such as a binary cache that the jobs can read; give it to each job with --derivations-from (default the folder of the plan)")
	return cmd
}

// plan is `flakeci plan`.
func (a *App) plan(ctx context.Context, o planOptions) error {
	past, err := o.past()
	if err != nil {
		return err
	}
	if err := plan.Prepare(o.dir); err != nil {
		return &usageError{msg: "cannot write the plan: " + err.Error(), hint: "name another folder with --output"}
	}
	o.artifacts = o.dir
	j, err := a.work(ctx, o.runOptions, false)
	if err != nil {
		return err
	}
	if len(o.weights) == 0 && j.target != nil {
		past.Seconds = a.keepHistory(ctx, j.target.Flake).Seconds(ctx)
	}
	pending := plan.Pending(j.matrix, j.outcome.Results)
	strategy := a.strategy(pending, o.strategyFlags, past)
	j.on.Shard = &result.Shard{Count: len(strategy.Include), Planned: true}
	r, err := j.report()
	if err != nil {
		return err
	}
	for _, w := range r.Warnings {
		a.warnf("%s", w)
	}
	if r.Verdict != result.VerdictPassed {
		err = table.Write(a.Stderr, r, a.tableOptions(o.color, a.Stderr))
	}
	if err = errors.Join(err, plan.WriteReport(r, o.dir)); err != nil {
		return err
	}
	if j.outcome.Interrupted || len(r.Cells) == 0 {
		a.printError("no plan was written, only the report", "")
		return exitFor(r.Verdict)
	}
	p := plan.New(r, j.outcome.Results, pending, past, plan.NewState(j.target, j.discovery), j.base)
	if err := a.writePlan(ctx, j.client, p, o); err != nil {
		return err
	}
	jobs := english.Plural(len(strategy.Include), "job", "")
	a.printf("wrote the plan to %s: %d of %d cells to build or boot, in %s", o.dir, len(pending.Cells), len(r.Cells), jobs)
	if r.Verdict != result.VerdictPassed {
		a.printf("the plan itself is not green: merge %s with the reports of the jobs", filepath.Join(o.dir, plan.ReportFile))
	}
	_, err = fmt.Fprintln(a.Stdout, strategy)
	return errors.Join(err, a.toStep(func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "matrix=%s\njobs=%d\n", strategy, len(strategy.Include))
		return err
	}))
}

// writePlan writes the plan and its derivations. The plan comes last, so that a folder with a plan
// is complete.
func (a *App) writePlan(ctx context.Context, c *nix.Client, p *plan.Plan, o planOptions) error {
	if err := p.Export(ctx, c, o.dir, o.store); err != nil {
		return err
	}
	safe, err := redact.Value(&a.secrets, *p)
	if err != nil {
		return err
	}
	return safe.Write(o.dir)
}

// readPlan reads the plan of --plan.
func (j *job) readPlan() (err error) {
	switch {
	case j.opts.plan == "" && j.opts.planStore != "":
		return &usageError{flag: "derivations-from", msg: "--derivations-from needs --plan"}
	case j.opts.plan == "":
		return nil
	}
	if j.selection.Job == nil {
		return &usageError{flag: "plan", msg: "--plan needs --shard", hint: "give --shard an entry of the matrix that flakeci plan printed"}
	}
	j.plan, err = plan.Read(j.opts.plan)
	if err == nil {
		err = j.plan.Fits(j.opts.plan, versionString(), j.opts.base.given())
	}
	return asUsageError(err)
}

// asUsageError makes a usage error of one that says why a plan cannot be used.
func asUsageError(err error) error {
	var bad *plan.UnusableError
	if errors.As(err, &bad) {
		return &usageError{msg: bad.Error(), hint: bad.Hint}
	}
	return err
}

// list lists what a flake offers: as the plan says, if there is one.
func (j *job) list(ctx context.Context, t *nix.Target) (runner.Discovery, error) {
	if j.plan == nil {
		return runner.Discover(ctx, t, j.wanted())
	}
	d, err := j.plan.Use(t, j.opts.plan, t != j.target, j.client.Version)
	return d, asUsageError(err)
}

// listAll lists all that a flake offers.
func (j *job) listAll(ctx context.Context, t *nix.Target) (runner.Discovery, error) {
	d, err := j.list(ctx, t)
	if err != nil {
		return d, err
	}
	return d.Complete()
}

// importPlanned gets the derivations of the cells from the plan, if there is one.
func (j *job) importPlanned(ctx context.Context, cells []result.Cell) error {
	if j.plan == nil || len(cells) == 0 {
		return nil
	}
	err := j.plan.Check(cells, j.opts.plan)
	if err == nil {
		err = j.plan.Import(ctx, j.client, j.opts.plan, j.opts.planStore, cells)
	}
	return asUsageError(err)
}
