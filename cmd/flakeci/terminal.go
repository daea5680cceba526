package main

import (
	"os"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/reports/progress/live"
)

// terminal is where the live view reads keys and draws.
type terminal struct {
	in, out *os.File
}

// terminal returns the terminal if it can show more than plain lines. A background job
// must leave it alone: the kernel stops one that changes the settings of its terminal.
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

// keep makes sure that the terminal is restored if flakeci is killed during a live view.
func (t terminal) keep() (release func()) {
	release, err := proc.GuardTerminal(t.out, live.Reset)
	if err != nil {
		return func() {} // only matters if flakeci is killed
	}
	return release
}
