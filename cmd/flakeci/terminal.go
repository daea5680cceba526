package main

import (
	"os"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/reports/progress/live"
)

// terminal is what a person sits at: keys come from one, and all that is not
// asked for goes to the other.
type terminal struct {
	in, out *os.File
}

// terminal finds one that can show more than lines. A job in the background must
// leave it alone: the kernel would stop whoever changes its settings from there.
func (a *App) terminal() (terminal, bool) {
	in, inOK := a.Stdin.(*os.File)
	out, outOK := a.Stderr.(*os.File)
	if !inOK || !outOK || !term.IsTerminal(int(in.Fd())) || !term.IsTerminal(int(out.Fd())) {
		return terminal{}, false
	}
	if kind := a.env("TERM"); kind == "" || kind == "dumb" {
		return terminal{}, false
	}
	group, err := unix.IoctlGetInt(int(in.Fd()), unix.TIOCGPGRP)
	return terminal{in, out}, err == nil && group == unix.Getpgrp()
}

// keep has the terminal looked after while a live view is on it.
func (t terminal) keep() (release func()) {
	release, err := proc.GuardTerminal(t.out, live.Reset)
	if err != nil {
		return func() {} // it takes another fault for this to be missed
	}
	return release
}
