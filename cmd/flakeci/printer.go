package main

import (
	"fmt"
	"strings"
	"sync"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/runner/event"
)

// printer holds back messages while a live view owns the terminal.
type printer struct {
	sync.Mutex
	hold  bool
	lines []string // held back
}

// printf prints a message on stderr. Names in it may contain anything, but no line of it may
// become a command to GitHub's runner.
func (a *App) printf(format string, args ...any) {
	a.printer.Lock()
	defer a.printer.Unlock()
	text := "flakeci: " + clean.Text(a.secrets.Text(fmt.Sprintf(format, args...))) + "\n"
	for line := range strings.Lines(text) {
		a.printer.lines = append(a.printer.lines, clean.Line(line))
	}
	if !a.printer.hold {
		a.flush()
	}
}

// warnf prints a warning.
func (a *App) warnf(format string, args ...any) { a.printf("warning: "+format, args...) }

// printWarning prints the warning of an event.
func (a *App) printWarning(e event.Event) {
	switch e := e.(type) {
	case event.CacheDropped:
		a.warnf("binary cache %s is unreachable; building instead of downloading: %s", e.Cache, e.Reason)
	case event.BuilderDropped:
		a.warnf("%s", e)
	}
}

// printError prints an error and, unless it is empty, a hint about what to do.
func (a *App) printError(msg, hint string) {
	a.printf("error: %s", msg)
	if hint != "" {
		a.printf("hint: %s", hint)
	}
}

// hold holds messages back until it is called with false.
func (a *App) hold(on bool) {
	a.printer.Lock()
	defer a.printer.Unlock()
	if a.printer.hold = on; !on {
		a.flush()
	}
}

// flush prints what was held back. The caller has locked the printer.
func (a *App) flush() {
	for _, line := range a.printer.lines {
		fmt.Fprint(a.Stderr, line)
	}
	a.printer.lines = nil
}

// printRaw writes text to stderr in one piece, even while messages are held back.
func (a *App) printRaw(text string) {
	a.printer.Lock()
	defer a.printer.Unlock()
	fmt.Fprint(a.Stderr, a.secrets.Text(text))
}
