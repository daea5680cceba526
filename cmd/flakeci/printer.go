package main

import (
	"github.com/flakeci/flakeci/internal/message"
	"github.com/flakeci/flakeci/runner/event"
)

// messages prints messages on stderr.
func (a *App) messages() *message.Printer {
	a.begin.Do(func() { a.printer = message.New(a.Stderr, a.secrets.Text) })
	return a.printer
}

func (a *App) printf(format string, args ...any) { a.messages().Printf(format, args...) }
func (a *App) warnf(format string, args ...any)  { a.messages().Warnf(format, args...) }
func (a *App) printError(msg, hint string)       { a.messages().Error(msg, hint) }

// printWarning prints the warning of an event.
func (a *App) printWarning(e event.Event) {
	switch e := e.(type) {
	case event.CacheDropped:
		if e.Unsigned {
			a.warnf("binary cache %s has paths that no trusted key has signed; building instead of downloading: add its key to trusted-public-keys, or sign what is pushed there", e.Cache)
			return
		}
		a.warnf("binary cache %s is unreachable; building instead of downloading: %s", e.Cache, e.Reason)
	case event.BuilderDropped:
		a.warnf("%s", e)
	}
}
