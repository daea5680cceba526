package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/reports/github"
	"github.com/flakeci/flakeci/reports/table"
	"github.com/flakeci/flakeci/vmtest"
)

func (a *App) diffCommand() *cobra.Command {
	o := runOptions{vm: vmFlags{accel: string(vmtest.AccelAuto)}, github: githubFlags{comment: string(github.Never), issue: string(github.Never)}}
	cmd := &cobra.Command{
		Use:   "diff BASE [FLAKE]",
		Short: "Show what changes on each machine",
		Long: `flakeci diff evaluates every host and home both now and at BASE, builds those that
differ, and shows what changes in them: packages, versions and sizes. BASE is a git
revision or a flake reference. With --eval-only it builds nothing.`,
		Example: `  flakeci diff main
  flakeci diff HEAD^ --host reason
  flakeci diff v1.2 --eval-only`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{msg: "flakeci diff takes the BASE to compare with", hint: "for example flakeci diff main"}
			}
			return checkFlakeArgs(cmd, args[1:])
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOrder(cmd, "BASE", args); err != nil {
				return err
			}
			if err := o.load(cmd, args[1:]); err != nil {
				return err
			}
			o.base = baseFlags{ref: args[0], changedOnly: true, needed: true}
			return a.diff(cmd.Context(), o)
		},
	}
	fs := cmd.Flags()
	o.selection.add(fs)
	o.addShared(fs)
	o.addWork(fs)
	return cmd
}

// diff is `flakeci diff`.
func (a *App) diff(ctx context.Context, o runOptions) error {
	j, err := a.work(ctx, o, false)
	if err != nil {
		return err
	}
	if b := j.base.Report; b != nil && b.Missing != "" && ctx.Err() == nil && !j.overdue {
		return &usageError{msg: "nothing to compare with: " + b.Missing}
	}
	r, err := j.report()
	if err != nil {
		return err
	}
	for _, w := range r.Warnings {
		a.warnf("%s", w)
	}
	to := a.Stdout
	if o.files.OnStdout() {
		to = a.Stderr
	}
	return a.finish(r, errors.Join(
		safely.TryPart("the changes", func() error { return table.WriteDiff(to, r, a.tableOptions(o.color, to)) }),
		a.writeReports(r, o.delivery()),
	))
}
