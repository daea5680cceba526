package main

import (
	"cmp"
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/reports/github"
)

func (a *App) reportCommand() *cobra.Command {
	var files reportFiles
	var color, artifacts string
	var onGitHub githubFlags
	cmd := &cobra.Command{
		Use:     "report FILE",
		Short:   "Render a saved JSON report again",
		Long:    "Render a report that flakeci run --json saved. The exit code is that of its verdict.",
		Example: "  flakeci report report.json --junit junit.xml\n  flakeci report night/report.json --html report.html",
		Args:    oneReport,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := cmp.Or(files.check(), onGitHub.check(), checkColor(color)); err != nil {
				return err
			}
			return a.report(cmd.Context(), args[0], delivery{
				files: files, artifacts: evidenceOf(args[0], artifacts), color: color, github: onGitHub,
			})
		},
	}
	files.add(cmd.Flags())
	cmd.Flags().StringVar(&artifacts, "artifacts", "", "the `FOLDER` of the logs that the report names (default artifacts, here or beside the report)")
	onGitHub.add(cmd.Flags(), github.Never)
	addColor(cmd.Flags(), &color)
	return cmd
}

func oneReport(_ *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return &usageError{msg: fmt.Sprintf("flakeci report takes one FILE, not %d", len(args)), hint: "give a file that flakeci run --json wrote"}
}

func (a *App) report(ctx context.Context, path string, d delivery) error {
	f, err := os.Open(path)
	if err != nil {
		return &usageError{msg: err.Error(), hint: "give a file that flakeci run --json wrote"}
	}
	defer f.Close()
	r, err := reports.ReadJSON(f)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return a.publish(ctx, r, d)
}
