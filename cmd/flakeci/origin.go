package main

import (
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/config"
)

// origin knows whether a flag was set on the command line or in flakeci.toml.
type origin struct {
	flags  *pflag.FlagSet // nil: everything was set on the command line
	config config.File
}

// inFile reports whether a flag, which has a value, was set in the file.
func (o origin) inFile(flag string) bool {
	if o.flags == nil {
		return false
	}
	f := o.flags.Lookup(flag)
	return f != nil && !f.Changed
}

// key returns the name of a flag in the file.
func (o origin) key(flag string) string {
	if flag == "vm" {
		return "vm.hosts"
	}
	return flag
}

// name returns a flag as it was set: --host, or host in flakeci.toml.
func (o origin) name(flag string) string {
	if o.inFile(flag) {
		return o.key(flag) + " in " + filepath.Base(o.config.Path)
	}
	return "--" + flag
}

// usageError returns the error for a value of a flag, with its line if it is in the file.
func (o origin) usageError(flag, msg, hint string) error {
	if !o.inFile(flag) {
		return &usageError{msg: msg, hint: hint}
	}
	e := o.config.ErrorAt(o.key(flag), "%s", msg)
	e.Hint = hint
	return e
}

// overridden reports whether a flag on the command line leaves out what another one in the
// file selects, which is not an error.
func (o origin) overridden(flag, by string) bool { return o.inFile(flag) && !o.inFile(by) }
