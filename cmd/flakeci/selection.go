package main

import (
	"slices"

	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/matrix"
)

// selectionFlags select cells, in the same way for every subcommand.
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

// addVMs adds the flag that selects the hosts to boot.
func (s *selectionFlags) addVMs(fs *pflag.FlagSet) {
	fs.StringSliceVar(&s.vms, "vm", nil, "boot `HOSTS` in QEMU: names, all or none (default none)")
}

// selection reads the flags.
func (s *selectionFlags) selection() (matrix.Selection, error) {
	names := s.kindNames()
	vms, all, err := s.vmHosts()
	if err != nil {
		return matrix.Selection{}, err
	}
	if all {
		names = append(names, string(matrix.KindVM))
	}
	if slices.Contains(s.vms, "none") {
		// It overrides the kinds of flakeci.toml.
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

// kindNames returns the kinds to select: those given, or the default.
func (s *selectionFlags) kindNames() []string {
	if len(s.kinds) > 0 {
		return s.kinds
	}
	return []string{string(matrix.KindNixOS), string(matrix.KindHome)}
}

// vmHosts returns the hosts to boot by name, and whether to boot all selected ones.
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

// selectsHomes reports whether the homes inside hosts must be known before cells can be
// selected.
func (s *selectionFlags) selectsHomes() bool {
	return len(s.users) > 0 || len(s.cells) > 0
}

// lookInside returns a function that reports whether the homes inside a host must be
// listed: because cells are selected by the names of homes, or because the host is left out
// and its homes are not.
func (s *selectionFlags) lookInside(sel matrix.Selection) func(host matrix.Cell) bool {
	homes := sel
	homes.Exclude = nil
	return func(host matrix.Cell) bool {
		return s.selectsHomes() || !sel.Admits(host) && homes.Admits(matrix.EmbeddedCell(host, "", ""))
	}
}

// selectionFlag is one of the selection flags with its values.
type selectionFlag struct {
	flag   string
	values *[]string
}

// flags lists the selection flags.
func (s *selectionFlags) flags() []selectionFlag {
	return []selectionFlag{
		{"host", &s.hosts}, {"user", &s.users}, {"kind", &s.kinds}, {"cell", &s.cells},
		{"exclude", &s.exclude}, {"system", &s.systems}, {"vm", &s.vms},
	}
}
