package main

import (
	"io"
	"os"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/flakeci/flakeci/reports/table"
)

// style says how to write to a stream.
type style struct {
	color bool
	width int // columns; 0 if it is not a terminal
}

// style returns the style of a stream, given --color and NO_COLOR (https://no-color.org).
func (a *App) style(when string, w io.Writer) style {
	var s style
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.color = a.env("NO_COLOR") == "" && a.env("TERM") != "dumb"
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			s.width = width
		}
	}
	switch when {
	case "always":
		s.color = true
	case "never":
		s.color = false
	}
	return s
}

// tableOptions returns how to print a table to a stream, given --color.
func (a *App) tableOptions(when string, w io.Writer) table.Options {
	s := a.style(when, w)
	return table.Options{Color: s.color, Width: s.width}
}

func addColor(fs *pflag.FlagSet, when *string) {
	fs.StringVar(when, "color", "auto", "color the output: `WHEN` is auto, always or never")
}

func checkColor(when string) error {
	return checkOneOf("color", when, "auto", "always", "never")
}
