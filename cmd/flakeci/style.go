package main

import (
	"io"

	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/terminal"
	"github.com/flakeci/flakeci/reports/table"
)

// tableOptions returns how to print a table to a stream, given --color.
func (a *App) tableOptions(when string, w io.Writer) table.Options {
	s := terminal.StyleOf(w, when, a.env)
	return table.Options{Color: s.Color, Width: s.Width}
}

func addColor(fs *pflag.FlagSet, when *string) {
	fs.StringVar(when, "color", "auto", "color the output: `WHEN` is auto, always or never")
}

func checkColor(when string) error {
	return checkOneOf("color", when, "auto", "always", "never")
}
