package main

import (
	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/selection"
)

// selectionFlags select cells.
type selectionFlags struct{ selection.Flags }

func (s *selectionFlags) add(fs *pflag.FlagSet) {
	fs.StringArrayVar(&s.Hosts, "host", nil, "only `HOST`: its system and its homes")
	fs.StringArrayVar(&s.Users, "user", nil, "only the homes of `USER`")
	fs.StringSliceVar(&s.Kinds, "kind", nil, "only cells of `KIND`: nixos, home, vm, darwin, droid, system, check, package, devshell, formatter, or all (every kind but vm); by default nixos,home")
	fs.StringArrayVar(&s.Cells, "cell", nil, "only cells whose id matches `GLOB`, such as 'home/*@laptop'")
	fs.StringArrayVar(&s.Exclude, "exclude", nil, "skip cells whose id matches `GLOB`")
	fs.StringArrayVar(&s.Systems, "system", nil, "only cells for `SYSTEM`, such as x86_64-linux")
}

// addVMs adds the flag that selects the hosts to boot.
func (s *selectionFlags) addVMs(fs *pflag.FlagSet) {
	fs.StringSliceVar(&s.VMs, "vm", nil, "boot `HOSTS` in QEMU: names, all or none (default none)")
}
