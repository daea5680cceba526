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
	"github.com/flakeci/flakeci/internal/git"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/flakeref"
	"github.com/flakeci/flakeci/matrix"
)

// selectionFlags choose among the cells, the same way for every subcommand.
type selectionFlags struct {
	hosts, users, kinds, cells, exclude, systems, vms []string
}

func (s *selectionFlags) add(fs *pflag.FlagSet) {
	fs.StringArrayVar(&s.hosts, "host", nil, "only `HOST`: its system and its homes")
	fs.StringArrayVar(&s.users, "user", nil, "only the homes of `USER`")
	fs.StringSliceVar(&s.kinds, "kind", nil, "only cells of `KIND`: nixos, home, vm, darwin, check, package, devshell, formatter, or all (every kind but vm); by default nixos,home")
	fs.StringArrayVar(&s.cells, "cell", nil, "only cells whose id matches `GLOB`, such as 'home/*@laptop'")
	fs.StringArrayVar(&s.exclude, "exclude", nil, "skip cells whose id matches `GLOB`")
	fs.StringArrayVar(&s.systems, "system", nil, "only cells for `SYSTEM`, such as x86_64-linux")
}

// addVMs adds the choice of hosts to boot.
func (s *selectionFlags) addVMs(fs *pflag.FlagSet) {
	fs.StringSliceVar(&s.vms, "vm", nil, "boot `HOSTS` in QEMU: names, all or none (default none)")
}

// selection reads the flags.
func (s *selectionFlags) selection() (matrix.Selection, error) {
	names := s.kinds
	if len(names) == 0 {
		names = defaultKinds()
	}
	vms, all, err := s.vmHosts()
	if err != nil {
		return matrix.Selection{}, err
	}
	if all {
		names = append(names, string(matrix.KindVM))
	}
	if slices.Contains(s.vms, "none") {
		// Whatever kinds a flakeci.toml asks for, no is no.
		names = slices.DeleteFunc(slices.Clone(names), func(kind string) bool { return kind == string(matrix.KindVM) })
		if len(names) == 0 {
			return matrix.Selection{}, &usageError{msg: "--vm none leaves out everything that --kind vm selects"}
		}
	}
	kinds, err := matrix.ParseKinds(names)
	return matrix.Selection{
		Hosts: s.hosts, Users: s.users, Kinds: kinds, VMs: vms,
		Cells: s.cells, Exclude: s.exclude, Systems: s.systems,
	}, err
}

// defaultKinds are the kinds that take part if none is asked for.
func defaultKinds() []string {
	return []string{string(matrix.KindNixOS), string(matrix.KindHome)}
}

// vmHosts are the hosts to boot: those named, and whether all that are selected are.
func (s *selectionFlags) vmHosts() (names []string, all bool, err error) {
	for _, name := range s.vms {
		switch name {
		case "all", "none":
			if slices.ContainsFunc(s.vms, func(other string) bool { return other != name }) {
				return nil, false, &usageError{msg: "--vm " + name + " cannot be combined with other hosts"}
			}
			all = name == "all"
		default:
			names = append(names, name)
		}
	}
	return names, all, nil
}

// namesHomes says whether homes inside hosts have to be known before anything is
// selected.
func (s *selectionFlags) namesHomes() bool {
	return len(s.users) > 0 || len(s.cells) > 0
}

// lookInside says of a host whether the homes inside it have to be asked for: if
// names of homes are selected by, or if the host is left out and they are not.
func (s *selectionFlags) lookInside(sel matrix.Selection) func(host matrix.Cell) bool {
	homes := sel
	homes.Exclude = nil
	return func(host matrix.Cell) bool {
		return s.namesHomes() || !sel.Admits(host) && homes.Admits(matrix.EmbeddedCell(host, "", ""))
	}
}

// nixFlags are handed to Nix.
type nixFlags struct {
	path, store         string
	builders            spec
	overrides, settings pairs
	impure              bool
}

func (n *nixFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&n.path, "nix", "", "run this nix `BINARY` (default $FLAKECI_NIX, else nix on PATH)")
	fs.VarP(&n.overrides, "override-input", "", "replace an input of the flake with another flake: `NAME REF`")
	fs.VarP(&n.settings, "option", "", "set a Nix option: `KEY VALUE`")
	fs.BoolVar(&n.impure, "impure", false, "allow impure evaluation, which can read files and variables of this machine")
	fs.StringVar(&n.store, "store", "", "use the Nix store at `URL`")
	fs.Var(&n.builders, "builders", "build on the remote builders in `SPEC`, in Nix's syntax ('' for none)")
}

// seesMachine says whether an evaluation may look at more than the flake.
func (n *nixFlags) seesMachine() bool {
	return n.impure || slices.ContainsFunc(n.settings, func(s [2]string) bool {
		return s[0] == "pure-eval" && slices.Contains([]string{"false", "no", "0"}, s[1]) // as Nix reads it
	})
}

func (n *nixFlags) flake() nix.FlakeOptions {
	o := nix.FlakeOptions{Impure: n.impure}
	for _, p := range n.overrides {
		o.Overrides = append(o.Overrides, nix.Override{Name: p[0], Ref: p[1]})
	}
	return o
}

// clientOptions say which Nix to run, and in which environment. The scripts that guard
// git and ssh on its PATH are written below tmp.
func (a *App) clientOptions(n nixFlags, tmp string) (nix.Options, error) {
	path := n.path
	if path == "" {
		path = a.env("FLAKECI_NIX")
	}
	env, err := git.Guard(withoutTokens(a.Env), filepath.Join(tmp, "guard"))
	if err != nil {
		return nix.Options{}, err
	}
	return nix.Options{Path: path, Env: env, Settings: n.settings, Store: n.store, Builders: n.builders.given, Answers: a.cachePath("eval")}, nil
}

// spec is a flag whose empty value says something else than its absence.
type spec struct{ given *string }

func (s *spec) String() string {
	if s.given == nil {
		return ""
	}
	return *s.given
}

// Type is how the value is called in the help.
func (s *spec) Type() string { return "string" }

// Set takes the value.
func (s *spec) Set(text string) error {
	s.given = &text
	return nil
}

// flakeFlags are those of every subcommand that looks into a flake.
type flakeFlags struct {
	selection  selectionFlags
	nix        nixFlags
	color      string
	configPath string
	ref        string // the flake reference, from the argument
	vms        config.VM
	origin     origin
	fence      *fence
}

func (f *flakeFlags) add(fs *pflag.FlagSet) {
	f.selection.add(fs)
	f.selection.addVMs(fs)
	f.addShared(fs)
}

// addShared adds what a subcommand that chooses by itself has too.
func (f *flakeFlags) addShared(fs *pflag.FlagSet) {
	f.nix.add(fs)
	fs.StringVar(&f.configPath, "config", "", "read the configuration from `FILE` (default flakeci.toml beside flake.nix)")
	addColor(fs, &f.color)
}

// badFlag puts the flag library's words for a value into plain ones.
func badFlag(cmd *cobra.Command, err error) error {
	usage := &usageError{msg: err.Error(), hint: "see " + cmd.CommandPath() + " --help"}
	if near := nearFlag(cmd, err); near != "" {
		usage.hint = "did you mean --" + near + "? " + usage.hint
	}
	var bad *pflag.InvalidValueError
	if errors.As(err, &bad) {
		usage.msg = "--" + badValue(bad.GetFlag(), bad.GetValue(), bad.Unwrap())
	}
	return usage
}

// badValue says what a flag takes, on the command line and in flakeci.toml.
func badValue(flag *pflag.Flag, value string, err error) string {
	takes := map[string]string{
		"int": "a number", "count": "a positive number", "bool": "true or false",
		"duration": "a duration such as 30m or 1h30m", "size": "a size such as 4GiB or 900MB", "NAME VALUE": "two values, as separate arguments",
	}[flag.Value.Type()]
	if takes == "" {
		return fmt.Sprintf("%s: %v", flag.Name, err)
	}
	return fmt.Sprintf("%s takes %s, not %q", flag.Name, takes, value)
}

// load reads the argument, and the configuration that goes with it.
func (f *flakeFlags) load(cmd *cobra.Command, args []string) (err error) {
	if f.ref, err = flakeArg(args); err != nil {
		return err
	}
	dir := localFlake(f.ref)
	f.fence = newFence(dir)
	if flag := cmd.Flags().Lookup("artifacts"); flag != nil && !flag.Changed {
		f.fence.below["artifacts"] = "."
	}
	f.origin = origin{flags: cmd.Flags()}
	if f.origin.config, err = findConfig(f.configPath, dir); err != nil {
		return err
	}
	if f.vms, err = applyConfig(cmd.Flags(), f.origin.config, f.fence); err != nil {
		return err
	}
	if err := f.checkSelection(); err != nil {
		return err
	}
	return checkColor(f.color)
}

// oneFlake takes at most one argument. Who gives more means names of hosts.
func oneFlake(cmd *cobra.Command, args []string) error {
	if len(args) <= 1 {
		return nil
	}
	return &usageError{
		msg:  fmt.Sprintf("%s takes one FLAKE, not %s", cmd.CommandPath(), strings.Join(args, " ")),
		hint: "select hosts, homes and other cells with --host, --user and --cell",
	}
}

// flakeArg is the flake reference of the command line.
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

// localFlake is the folder at or above a local reference that holds the flake,
// or "" for a reference that is not a folder.
func localFlake(ref string) string {
	dir := flakeref.Absolute(ref)
	if dir = strings.TrimPrefix(dir, "path:"); !filepath.IsAbs(dir) {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "flake.nix")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}
