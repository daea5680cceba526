// Package terminal finds out what the program's streams can show.
package terminal

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// Style says how to write to a stream.
type Style struct {
	Color bool
	Width int // columns; 0 if it is not a terminal
}

// StyleOf returns the style of a stream. When is the value of --color: auto, always or never. Env
// looks variables up, among them NO_COLOR (https://no-color.org).
func StyleOf(w io.Writer, when string, env func(string) string) Style {
	var s Style
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.Color = env("NO_COLOR") == "" && env("TERM") != "dumb"
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			s.Width = width
		}
	}
	switch when {
	case "always":
		s.Color = true
	case "never":
		s.Color = false
	}
	return s
}

// Terminal is where a live view reads keys and draws.
type Terminal struct {
	In, Out *os.File
}

// Find returns the terminal of two streams if it can show more than plain lines. A background job
// must leave it alone: the kernel stops one that changes the settings of its terminal.
func Find(in io.Reader, out io.Writer, env func(string) string) (Terminal, bool) {
	from, inOK := in.(*os.File)
	to, outOK := out.(*os.File)
	if !inOK || !outOK || !term.IsTerminal(int(from.Fd())) || !term.IsTerminal(int(to.Fd())) {
		return Terminal{}, false
	}
	if kind := env("TERM"); kind == "" || kind == "dumb" {
		return Terminal{}, false
	}
	group, err := unix.IoctlGetInt(int(from.Fd()), unix.TIOCGPGRP)
	return Terminal{from, to}, err == nil && group == unix.Getpgrp()
}
