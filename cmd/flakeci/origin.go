package main

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/internal/selection"
)

// origin knows whether a flag was set on the command line or in flakeci.toml.
type origin struct {
	selection.Origin
	config config.File
}

func newOrigin(flags *pflag.FlagSet, file config.File) origin {
	return origin{config: file, Origin: func(flag string) string {
		if f := flags.Lookup(flag); f == nil || f.Changed {
			return ""
		}
		return filepath.Base(file.Path)
	}}
}

// usageError returns the error for a value of a flag, with its line if it is in the file.
func (o origin) usageError(flag, msg, hint string) error {
	if !o.InFile(flag) {
		return &usageError{msg: msg, hint: hint}
	}
	e := o.config.ErrorAt(selection.Key(flag), "%s", strings.TrimPrefix(msg, "--"))
	e.Hint = hint
	return e
}

// locate adds the line to the error of a flag that is in the file.
func (o origin) locate(err error) error {
	var wrong *usageError
	if errors.As(err, &wrong) && wrong.flag != "" {
		return o.usageError(wrong.flag, wrong.msg, wrong.hint)
	}
	return err
}

// explain explains the error of a selection. Others says whether cells other than hosts and homes
// are selected.
func (f *flakeFlags) explain(err error, others bool) error {
	var wrong *selection.Error
	if err = f.selection.Explain(err, others); errors.As(err, &wrong) {
		return f.origin.usageError(wrong.Flag, wrong.Msg, wrong.Hint)
	}
	return err
}
