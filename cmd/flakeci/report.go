package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flakeci/flakeci/internal/redact"
	"github.com/flakeci/flakeci/reports/forms"
	"github.com/flakeci/flakeci/reports/github"
	"github.com/flakeci/flakeci/reports/merge"
	"github.com/flakeci/flakeci/reports/output"
)

func (a *App) reportCommand() *cobra.Command {
	var files forms.Files
	var color, artifacts string
	var fromJournal, partial bool
	var onGitHub githubFlags
	cmd := &cobra.Command{
		Use:   "report [FILE]...",
		Short: "Render or merge saved reports, or the report of a killed run",
		Long: `flakeci report renders a report that flakeci run --json saved. The exit code follows
its verdict.

Given several reports of one revision, such as those of shards, systems or attempts, it
merges them. If a cell is in several reports, a later attempt of the same job counts;
otherwise the worst result does. A missing shard is an error, unless --partial is given.

A killed run leaves a journal. With --from-journal, FILE is a journal; without FILE,
flakeci takes the newest journal of a run that was started in this folder.`,
		Example: `  flakeci report report.json --junit junit.xml
  flakeci report night/report.json --html report.html
  flakeci report shards/*/report.json --json report.json
  flakeci report --from-journal --json report.json`,
		Args: func(_ *cobra.Command, args []string) error { return checkReportArgs(args, fromJournal, partial) },
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := cmp.Or(checkFiles(files), onGitHub.check(), checkColor(color)); err != nil {
				return err
			}
			d := delivery{files: files, outputs: output.New(""), color: color, github: onGitHub}
			if fromJournal {
				return a.reportJournal(cmd.Context(), strings.Join(args, ""), artifacts, d)
			}
			d.artifacts = artifactsOf(args[0], artifacts)
			if len(args) > 1 {
				d.artifacts, d.merged = artifacts, args
			}
			return a.report(cmd.Context(), args, merge.Options{Partial: partial}, d)
		},
	}
	files = addFiles(cmd.Flags())
	cmd.Flags().StringVar(&artifacts, "artifacts", "", "read the logs that the report names from `FOLDER` (default artifacts, here or next to the report)")
	cmd.Flags().BoolVar(&fromJournal, "from-journal", false, "report a run that was killed, or is still in progress, from its journal")
	cmd.Flags().BoolVar(&partial, "partial", false, "accept missing shards, which are otherwise an error")
	onGitHub.add(cmd.Flags(), github.Never)
	addColor(cmd.Flags(), &color)
	return cmd
}

func checkReportArgs(args []string, fromJournal, partial bool) error {
	switch {
	case len(args) == 0 && !fromJournal:
		return &usageError{msg: "flakeci report takes at least one FILE", hint: savedHint}
	case partial && fromJournal:
		return &usageError{msg: "--partial has no effect with --from-journal", hint: "report the journal with --json first, and merge that with --partial"}
	case len(args) > 1 && fromJournal:
		return &usageError{msg: fmt.Sprintf("flakeci report --from-journal takes one FILE, not %d", len(args))}
	}
	return nil
}

func (a *App) report(ctx context.Context, paths []string, o merge.Options, d delivery) error {
	r, err := merge.Files(paths, o)
	var refused *merge.RefusedError
	if errors.As(err, &refused) {
		return &usageError{msg: refused.Text, hint: cmp.Or(refused.Hint, savedHint)}
	}
	if err != nil {
		return err
	}
	if r, err = redact.Value(&a.secrets, r); err != nil {
		return err
	}
	return a.publish(ctx, r, d)
}

// reportJournal reports a run from its journal.
func (a *App) reportJournal(ctx context.Context, path, artifacts string, d delivery) error {
	r, folder, shard, err := a.fromJournal(path)
	if err != nil {
		return err
	}
	if r, err = redact.Value(&a.secrets, r); err != nil {
		return err
	}
	d.artifacts, d.shard = cmp.Or(artifacts, folder), shard
	return a.publish(ctx, r, d)
}
