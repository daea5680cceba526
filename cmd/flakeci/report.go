package main

import (
	"cmp"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/flakeci/flakeci/reports"
)

func (a *App) reportCommand() *cobra.Command {
	var files reportFiles
	var color string
	cmd := &cobra.Command{
		Use:     "report FILE",
		Short:   "Render a saved JSON report again",
		Long:    "Render a report that flakeci run --json saved. The exit code is that of its verdict.",
		Example: "  flakeci report report.json --junit junit.xml",
		Args:    oneReport,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := cmp.Or(files.check(), checkColor(color)); err != nil {
				return err
			}
			return a.report(args[0], files, color)
		},
	}
	files.add(cmd.Flags())
	addColor(cmd.Flags(), &color)
	return cmd
}

func oneReport(_ *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return &usageError{msg: fmt.Sprintf("flakeci report takes one FILE, not %d", len(args)), hint: "give a file that flakeci run --json wrote"}
}

func (a *App) report(path string, files reportFiles, color string) error {
	f, err := os.Open(path)
	if err != nil {
		return &usageError{msg: err.Error(), hint: "give a file that flakeci run --json wrote"}
	}
	defer f.Close()
	r, err := reports.ReadJSON(f)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return a.publish(r, files, color)
}
