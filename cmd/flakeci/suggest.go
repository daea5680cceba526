package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/flakeref"
	"github.com/flakeci/flakeci/internal/selection"
	"github.com/flakeci/flakeci/internal/suggest"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports/output"
	"github.com/flakeci/flakeci/runner"
)

// nameRE matches an argument that Nix would look up in its registry and that may be a name
// in the flake: neither a URL nor clearly a path.
var nameRE = regexp.MustCompile(`^[^./~:?#][^:?#]*$`)

// checkRef returns an error if the argument, which should be a flake, is a name in the flake
// of this folder. Nix would look it up in its registry, which takes the network and at best
// finds another flake. Otherwise near is a flag to suggest in case there is no such flake.
func (a *App) checkRef(ctx context.Context, c *nix.Client, f *flakeFlags, tmp string) (near string, err error) {
	ref := f.ref
	if !nameRE.MatchString(ref) || exists(ref) || flakeHere() == "" {
		return "", nil
	}
	if kind, ok := selection.KindOfPattern(ref); ok && selection.IsOther(kind) {
		return "", f.notAFlake(ref, "the id of a cell", fmt.Sprintf("--kind %s --cell '%s'", kind, ref))
	}
	all := a.localNames(ctx, c, f, tmp)
	var known []string
	for _, n := range all {
		if n.Text == ref {
			return "", f.notAFlake(ref, n.What+" of the flake in this folder", n.Flag)
		}
		known = append(known, n.Text)
	}
	if i := slices.Index(known, matrix.Suggest(ref, known)); i >= 0 {
		near = all[i].Flag
	}
	return near, nil
}

// localNames lists the names in the flake of this folder, none if it cannot be evaluated:
// it may not be the flake that the user meant.
func (a *App) localNames(ctx context.Context, c *nix.Client, f *flakeFlags, tmp string) []selection.Name {
	var own nixFlags // from its own flakeci.toml
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	own.add(fs)
	file, err := config.Find("", flakeHere())
	if err != nil {
		return nil
	}
	if _, err := applyConfig(fs, file, output.New(flakeHere())); err != nil {
		return nil
	}
	options := f.nix.flake()
	options.Overrides = append(own.flake().Overrides, options.Overrides...)
	target, err := c.Open(ctx, ".", options, filepath.Join(tmp, "here"))
	if err != nil {
		return nil
	}
	d, err := runner.Discover(ctx, target, runner.DiscoverOptions{})
	if err != nil {
		return nil
	}
	return selection.Names(d.Matrix)
}

// flakeHere returns the folder of the flake at or above this folder, or "".
func flakeHere() string { return flakeref.Parse(".").FlakeFolder() }

// notAFlake returns the error for an argument that is a name.
func (f *flakeFlags) notAFlake(ref, what, flag string) error {
	hint := "did you mean " + flag + "?"
	if !f.selects { // flakeci vm
		hint = "flakeci vm boots one host; its second argument is a flake"
	}
	return &usageError{
		msg:  fmt.Sprintf("%s is %s, not a flake", ref, what),
		hint: hint + " (flake:" + ref + " is the entry in Nix's registry)",
	}
}

// withSuggestion adds a hint to the error of a flake that does not exist.
func withSuggestion(err error, near string) error {
	if near == "" {
		return err
	}
	return &usageError{msg: err.Error(), hint: "did you mean " + near + "?"}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// checkOrder finds two arguments in the wrong order. The first one is called name, the
// second one is the flake.
func checkOrder(cmd *cobra.Command, name string, args []string) error {
	if len(args) != 2 || !suggest.IsFlake(args[0]) || suggest.IsFlake(args[1]) {
		return nil
	}
	return &usageError{
		msg:  fmt.Sprintf("%s takes the %s first, then the FLAKE", cmd.CommandPath(), name),
		hint: fmt.Sprintf("did you mean %s %s %s?", cmd.CommandPath(), args[1], args[0]),
	}
}

// subcommand returns an error for a subcommand that does not exist.
func subcommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	hint := "see flakeci --help"
	if near := suggest.Command(names, args[0]); near != "" {
		hint = fmt.Sprintf("did you mean flakeci %s?", near)
	}
	return &usageError{msg: fmt.Sprintf("unknown command %q", args[0]), hint: hint}
}

// suggestFlag returns the flag that was probably meant by an unknown one, or "".
func suggestFlag(cmd *cobra.Command, err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return ""
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	slices.Sort(names)
	return matrix.Suggest(unknown.GetSpecifiedName(), names)
}
