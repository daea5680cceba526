package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/redact"
	"github.com/flakeci/flakeci/internal/selection"
	"github.com/flakeci/flakeci/internal/tmpdir"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/reports/table"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
)

// matrixSchema is the schema version of `matrix --format json`.
const matrixSchema = "flakeci.matrix/v1"

type matrixOptions struct {
	flakeFlags
	strategyFlags
	format string
}

func (a *App) matrixCommand() *cobra.Command {
	var o matrixOptions
	cmd := &cobra.Command{
		Use:   "matrix [FLAKE]",
		Short: "Show the grid of hosts and users, or list the cells",
		Long: `flakeci matrix shows the grid of hosts and users, or lists the cells. It builds nothing.

With --format github it divides the cells among jobs, and prints the matrix of a
workflow on GitHub. Each of its jobs runs flakeci run --shard with its own entry.`,
		Example: `  flakeci matrix
  flakeci matrix --kind all --format cells
  flakeci matrix --format github --max-jobs 8 --weights report.json`,
		Args: checkFlakeArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.load(cmd, args); err != nil {
				return err
			}
			if err := o.checkForGitHub(cmd.Flags()); err != nil {
				return err
			}
			return a.matrix(cmd.Context(), o)
		},
	}
	fs := cmd.Flags()
	o.flakeFlags.add(fs)
	fs.StringVar(&o.format, "format", "table", "print the matrix as `FORMAT`: table, json, cells (one id per line) or github (a strategy matrix, on one line)")
	o.strategyFlags.add(fs, "with --format github, ")
	return cmd
}

// checkForGitHub finds flags that would have no effect.
func (o *matrixOptions) checkForGitHub(fs *pflag.FlagSet) error {
	for _, name := range []string{"max-jobs", "weights", "runner"} {
		if o.format != "github" && fs.Changed(name) {
			return &usageError{msg: "--" + name + " needs --format github", hint: "add --format github to divide the cells among jobs"}
		}
	}
	return nil
}

func (a *App) matrix(ctx context.Context, o matrixOptions) error {
	if err := checkOneOf("format", o.format, "table", "json", "cells", "github"); err != nil {
		return err
	}
	past, err := o.past()
	if err != nil {
		return err
	}
	wanted, err := o.selection.Selection()
	if err != nil {
		return o.explain(err, false)
	}
	tmp, remove, err := tmpdir.New()
	if err != nil {
		return err
	}
	defer remove()
	target, err := a.open(ctx, &o.flakeFlags, tmp)
	if err != nil {
		return err
	}
	a.warnOverrides(target.Flake)
	others := slices.ContainsFunc(wanted.Kinds, selection.IsOther)
	homes := slices.Contains(wanted.Kinds, result.KindHome)
	d, err := runner.Discover(ctx, target, runner.DiscoverOptions{Others: others, Users: true, Embedded: func(result.Cell) bool { return homes }})
	if err == nil {
		d, err = d.Complete()
	}
	if err != nil {
		return err
	}
	a.saveEvaluations(ctx, 0, target)
	m, err := o.selection.Select(d.Matrix, wanted, len(d.Causes) == 0)
	if err != nil && len(d.Causes) == 0 {
		return o.explainNothing(err, d.Seen, others)
	}
	for _, w := range o.unmatchedIn(d.Matrix, homes, others) {
		a.warnf("%s", w)
	}
	if err == nil {
		if len(o.weights) == 0 && o.format == "github" {
			past.Seconds = a.keepHistory(ctx, target.Flake).Seconds(ctx)
		}
		if err := a.printMatrix(m, d.Seen, target.Flake, o, past); err != nil {
			return err
		}
	}
	for _, c := range d.Causes {
		text := view.Headline(result.Cause{Title: c.Title})
		if c.Location != nil {
			text = c.Location.String() + " " + text
		}
		a.printError(text, "")
	}
	if len(d.Causes) > 0 {
		return exitCode(exitFailed)
	}
	return nil
}

// open finds Nix and opens the flake.
func (a *App) open(ctx context.Context, f *flakeFlags, tmp string) (*nix.Target, error) {
	options, err := a.clientOptions(f.nix, tmp)
	if err != nil {
		return nil, err
	}
	client, err := a.findNix(ctx, options)
	if err != nil {
		return nil, err
	}
	near, err := a.checkRef(ctx, client, f, tmp)
	if err != nil {
		return nil, err
	}
	target, err := a.openFlake(ctx, client, f.ref, f.nix, 0, tmp)
	var noFlake *nix.NoFlakeError
	if errors.As(err, &noFlake) {
		return nil, withSuggestion(err, near)
	}
	return target, err
}

// unmatchedIn warns about patterns that match nothing in the part of the flake that was listed.
func (o *matrixOptions) unmatchedIn(m matrix.Matrix, homes, others bool) []result.Warning {
	var unsure []string
	if !homes {
		unsure = append(unsure, string(result.KindNixOS)+"/", string(result.KindDarwin)+"/")
	}
	if !others {
		unsure = append(unsure, selection.OtherPrefixes()...)
	}
	return o.unmatched(m, nil, unsure)
}

func (a *App) printMatrix(m matrix.Matrix, seen []result.NotTested, f nix.Flake, o matrixOptions, past matrix.Past) error {
	switch o.format {
	case "json":
		return a.printJSON(struct {
			Schema string        `json:"schema"`
			Grid   matrix.Grid   `json:"grid"`
			Cells  []result.Cell `json:"cells"`
		}{matrixSchema, m.Grid, m.Cells})
	case "github":
		_, err := fmt.Fprintln(a.Stdout, a.strategy(m, o.strategyFlags, past))
		return err
	case "cells":
		var errs error
		for _, c := range m.Cells {
			_, err := fmt.Fprintln(a.Stdout, c.ID)
			errs = errors.Join(errs, err)
		}
		return errs
	}
	plan := reports.Plan(f.Result(), m)
	plan.NotTested = seen
	plan, err := redact.Value(&a.secrets, plan)
	if err != nil {
		return err
	}
	return table.WriteGrid(a.Stdout, plan, a.tableOptions(o.color, a.Stdout))
}

func (a *App) printJSON(v any) error {
	enc := json.NewEncoder(a.Stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
