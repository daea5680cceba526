package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flakeci/flakeci/internal/redact"
	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/reports/github"
	"github.com/flakeci/flakeci/reports/output"
	"github.com/flakeci/flakeci/result"
)

func (a *App) reportCommand() *cobra.Command {
	var files reportFiles
	var color, artifacts string
	var fromJournal bool
	var onGitHub githubFlags
	cmd := &cobra.Command{
		Use:   "report [FILE]",
		Short: "Render a saved report again, or the report of a killed run",
		Long: `flakeci report renders a report that flakeci run --json saved. The exit code follows
its verdict.

A killed run leaves a journal. With --from-journal, FILE is a journal; without FILE,
flakeci takes the newest journal of a run that was started in this folder.`,
		Example: `  flakeci report report.json --junit junit.xml
  flakeci report night/report.json --html report.html
  flakeci report --from-journal --json report.json`,
		Args: func(_ *cobra.Command, args []string) error { return checkReportArgs(args, fromJournal) },
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := cmp.Or(files.check(), onGitHub.check(), checkColor(color)); err != nil {
				return err
			}
			d := delivery{files: files, outputs: output.New(""), color: color, github: onGitHub}
			if fromJournal {
				return a.reportJournal(cmd.Context(), strings.Join(args, ""), artifacts, d)
			}
			d.artifacts = artifactsOf(args[0], artifacts)
			return a.report(cmd.Context(), args[0], d)
		},
	}
	files.add(cmd.Flags())
	cmd.Flags().StringVar(&artifacts, "artifacts", "", "read the logs that the report names from `FOLDER` (default artifacts, here or next to the report)")
	cmd.Flags().BoolVar(&fromJournal, "from-journal", false, "report a run that was killed, or is still in progress, from its journal")
	onGitHub.add(cmd.Flags(), github.Never)
	addColor(cmd.Flags(), &color)
	return cmd
}

func checkReportArgs(args []string, fromJournal bool) error {
	if len(args) == 1 || fromJournal && len(args) == 0 {
		return nil
	}
	return &usageError{msg: fmt.Sprintf("flakeci report takes one FILE, not %d", len(args)), hint: savedHint}
}

func (a *App) report(ctx context.Context, path string, d delivery) error {
	f, err := safefile.OpenNamed(path)
	if err != nil {
		return &usageError{msg: err.Error(), hint: savedHint}
	}
	defer f.Close()
	r, err := result.ReadJSON(f)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	// A damaged report must not count as passed.
	if r.Verdict == result.VerdictPassed && result.VerdictOf(r.Cells, r.Causes, false) != result.VerdictPassed {
		return &usageError{msg: path + ": the verdict is passed, but not all cells passed", hint: savedHint}
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
