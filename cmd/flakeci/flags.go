package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/internal/flagvalue"
	"github.com/flakeci/flakeci/internal/git"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/flakeref"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports/output"
)

// nixFlags are passed on to Nix.
type nixFlags struct {
	path                string
	store, evalStore    string
	builders            flagvalue.Optional
	overrides, settings flagvalue.Pairs
	impure              bool
}

func (n *nixFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&n.path, "nix", "", "run this nix `BINARY` (default $FLAKECI_NIX, else nix on PATH)")
	fs.VarP(&n.overrides, "override-input", "", "replace an input of the flake with another flake: `NAME REF`")
	fs.VarP(&n.settings, "option", "", "set a Nix option: `KEY VALUE`")
	fs.BoolVar(&n.impure, "impure", false, "allow impure evaluation, which can read this machine's files and environment")
	fs.StringVar(&n.store, "store", "", "use the Nix store at `URL`")
	fs.StringVar(&n.evalStore, "eval-store", "", "evaluate in the Nix store at `URL` (default with --store ssh-ng://: this machine's)")
	fs.Var(&n.builders, "builders", "build on the remote builders that `SPEC` lists, in Nix's syntax ('' for none)")
}

// isImpure reports whether an evaluation may read more than the flake.
func (n *nixFlags) isImpure() bool {
	return n.impure || slices.ContainsFunc(n.settings, func(s [2]string) bool {
		return s[0] == "pure-eval" && slices.Contains([]string{"false", "no", "0"}, s[1]) // Nix accepts all three
	})
}

func (n *nixFlags) flake() nix.FlakeOptions {
	o := nix.FlakeOptions{Impure: n.impure}
	for _, p := range n.overrides {
		o.Overrides = append(o.Overrides, nix.Override{Name: p[0], Ref: p[1]})
	}
	return o
}

// clientOptions returns which Nix to run, and its environment. The scripts that guard git
// and ssh on its PATH are written below tmp.
func (a *App) clientOptions(n nixFlags, tmp string) (nix.Options, error) {
	if strings.HasPrefix(n.store, "ssh://") {
		return nix.Options{}, &usageError{
			flag: "store", msg: "Nix cannot build in a store at ssh://, only at ssh-ng://", hint: "give --store ssh-ng://" + strings.TrimPrefix(n.store, "ssh://"),
		}
	}
	path := n.path
	if path == "" {
		path = a.env("FLAKECI_NIX")
	}
	env, err := git.Guard(a.publicEnv(), filepath.Join(tmp, "guard"))
	if err != nil {
		return nix.Options{}, err
	}
	return nix.Options{Path: path, Env: env, Settings: n.settings, Store: n.store, EvalStore: n.evalStore, Builders: n.builders.Given, EvalCache: a.cachePath("eval")}, nil
}

// flakeFlags are the flags of every subcommand with a flake.
type flakeFlags struct {
	selection  selectionFlags
	selects    bool // the subcommand has flags that select cells
	nix        nixFlags
	color      string
	configPath string
	ref        string // the flake reference, from the argument
	vms        config.VM
	origin     origin
	outputs    *output.Paths
}

func (f *flakeFlags) add(fs *pflag.FlagSet) {
	f.selection.add(fs)
	f.selection.addVMs(fs)
	f.addShared(fs)
}

// addShared adds the flags that are not about selection.
func (f *flakeFlags) addShared(fs *pflag.FlagSet) {
	f.nix.add(fs)
	fs.StringVar(&f.configPath, "config", "", "read the configuration from `FILE` (default flakeci.toml next to flake.nix)")
	addColor(fs, &f.color)
}

// badFlag rewords the flag library's errors.
func badFlag(cmd *cobra.Command, err error) error {
	usage := &usageError{msg: err.Error(), hint: "see " + cmd.CommandPath() + " --help"}
	if near := suggestFlag(cmd, err); near != "" {
		usage.hint = "did you mean --" + near + "? " + usage.hint
	}
	var bad *pflag.InvalidValueError
	if errors.As(err, &bad) {
		usage.msg = "--" + badValue(bad.GetFlag(), bad.GetValue(), bad.Unwrap())
	}
	var without *pflag.ValueRequiredError
	if errors.As(err, &without) {
		usage.msg = "--" + without.GetSpecifiedName() + " needs a value"
	}
	return usage
}

// badValue says what values a flag takes, on the command line and in flakeci.toml.
func badValue(flag *pflag.Flag, value string, err error) string {
	takes := map[string]string{
		"int": "a number", "count": "a positive number", "bool": "true or false",
		"duration": "a duration such as 30m or 1h30m", "size": "a size with a unit, such as 4GiB or 900MB", "NAME VALUE": "two values, as separate arguments",
		"I/N": "I/N with I from 1 to N, such as 2/5", "job": "an entry of what flakeci matrix --format github prints",
	}[flag.Value.Type()]
	if takes == "" {
		return fmt.Sprintf("%s: %v", flag.Name, err)
	}
	text := fmt.Sprintf("%s takes %s, not %s", flag.Name, takes, config.Quoted(value))
	var job *matrix.JobError
	if errors.As(err, &job) {
		text += ": " + job.Reason
	}
	return text
}

// checkOneOf returns an error unless a flag has one of the values it takes.
func checkOneOf(flag, value string, takes ...string) error {
	if slices.Contains(takes, value) {
		return nil
	}
	last := len(takes) - 1
	return &usageError{flag: flag, msg: fmt.Sprintf("--%s takes %s or %s, not %s", flag, strings.Join(takes[:last], ", "), takes[last], config.Quoted(value))}
}

// load reads the argument and the configuration.
func (f *flakeFlags) load(cmd *cobra.Command, args []string) (err error) {
	if f.ref, err = flakeArg(args); err != nil {
		return err
	}
	dir := flakeref.Parse(f.ref).FlakeFolder()
	f.outputs, f.selects = output.New(dir), cmd.Flags().Lookup("host") != nil
	if flag := cmd.Flags().Lookup("artifacts"); flag != nil && !flag.Changed {
		f.outputs.RestrictTo("artifacts", ".")
	}
	file, err := config.Find(f.configPath, dir)
	if err != nil {
		return err
	}
	f.origin = newOrigin(cmd.Flags(), file)
	f.selection.Origin = f.origin.Origin
	if f.vms, err = applyConfig(cmd.Flags(), file, f.outputs); err != nil {
		return err
	}
	if err := f.selection.Check(); err != nil {
		return f.explain(err, false)
	}
	return f.origin.locate(checkColor(f.color))
}

// checkFlakeArgs allows at most one argument. More are probably names of hosts.
func checkFlakeArgs(cmd *cobra.Command, args []string) error {
	if len(args) <= 1 {
		return nil
	}
	return &usageError{
		msg:  fmt.Sprintf("%s takes one FLAKE, not %s", cmd.CommandPath(), strings.Join(args, " ")),
		hint: "select hosts, homes and other cells with --host, --user and --cell",
	}
}

// flakeArg returns the flake reference in the arguments.
func flakeArg(args []string) (string, error) {
	if len(args) == 0 {
		return ".", nil
	}
	if _, err := os.Stat(args[0]); err != nil && strings.Contains(args[0], "#") {
		ref, _, _ := strings.Cut(args[0], "#")
		return "", &usageError{
			msg:  fmt.Sprintf("%s names one output; flakeci takes the whole flake", args[0]),
			hint: fmt.Sprintf("give %s, and select with --host, --user or --cell", ref),
		}
	}
	return args[0], nil
}
