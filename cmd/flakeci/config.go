package main

import (
	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/internal/flagvalue"
	"github.com/flakeci/flakeci/reports/output"
)

// applyConfig sets the flags that the file has and the command line does not, and returns
// the settings without a flag. It restricts the output paths in the file.
func applyConfig(flags *pflag.FlagSet, file config.File, outputs *output.Paths) (config.VM, error) {
	c, err := file.Decode(func(name string) bool { return flags.Lookup(name) != nil })
	if err != nil {
		return config.VM{}, err
	}
	for _, given := range c.Flags {
		flag := flags.Lookup(given.Name)
		if flag == nil || flag.Changed { // one file serves all subcommands
			continue
		}
		if takesPath(flag) && (given.Values[0] != "-" || flag.Name == "artifacts") {
			path, err := outputs.Restrict(flag.Name, given.Values[0])
			if err != nil {
				return config.VM{}, file.ErrorAt(flag.Name, "%s: %v; give another path with --%s", flag.Name, err, flag.Name)
			}
			given.Values[0] = path
		}
		for _, value := range given.Values {
			if err := flag.Value.Set(value); err != nil {
				return config.VM{}, file.ErrorAt(flag.Name, "%s", badValue(flag, value, err))
			}
		}
	}
	for name, table := range map[string][][2]string{"override-input": c.Overrides, "option": c.Options} {
		if flag := flags.Lookup(name); flag != nil {
			if p, ok := flag.Value.(*flagvalue.Pairs); ok {
				// Nix takes the last value for a name.
				*p = append(table, *p...)
			}
		}
	}
	return c.VM, nil
}
