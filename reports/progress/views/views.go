// Package views shows a run in the view that its terminal can show: live, plain or none.
package views

import (
	"io"
	"syscall"

	"github.com/flakeci/flakeci/internal/message"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/terminal"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports/progress/live"
	"github.com/flakeci/flakeci/reports/progress/plain"
	"github.com/flakeci/flakeci/runner/event"
)

// View shows the progress of a run.
type View interface {
	Subscriber() event.Subscriber
	Hush() // stops heartbeats: a guest has the terminal
	Stop() // the report follows
}

// Options say what to show, and where.
type Options struct {
	// How is the value of --progress: auto, live, plain or quiet.
	How string
	// Color is the value of --color.
	Color string
	In    io.Reader
	Out   io.Writer
	Env   func(string) string // looks variables up
	// Messages holds messages back while a live view has the terminal.
	Messages *message.Printer
	Matrix   matrix.Matrix
	// Live returns the options of a live view, without its terminal. It is called only if there
	// will be one.
	Live func() live.Options
}

// Start starts the view that was asked for, by default the best that the terminal can show.
func Start(o Options) View {
	switch {
	case o.How == "quiet":
		return silent{}
	case o.How == "live" || o.How == "auto" && o.Env("CI") == "":
		if t, ok := terminal.Find(o.In, o.Out, o.Env); ok {
			return o.live(t)
		}
	}
	s := terminal.StyleOf(o.Out, o.Color, o.Env)
	return plain.Start(plain.Options{
		Write: o.Messages.Raw, Color: s.Color, Fold: o.Env("GITHUB_ACTIONS") == "true", Terminal: s.Width > 0, Matrix: o.Matrix,
	})
}

// silent shows nothing.
type silent struct{}

func (silent) Subscriber() event.Subscriber { return event.Subscriber{Handle: func(event.Event) {}} }
func (silent) Hush()                        {}
func (silent) Stop()                        {}

// liveView is a live view that has the terminal to itself.
type liveView struct {
	*live.View
	messages *message.Printer
}

func (o Options) live(t terminal.Terminal) liveView {
	o.Messages.Hold(true) // messages would overwrite the view
	l := o.Live()
	l.In, l.Out, l.Keep, l.Color, l.Matrix = t.In, t.Out, func() func() { return Keep(t) }, terminal.StyleOf(t.Out, o.Color, o.Env).Color, o.Matrix
	// In raw mode the terminal does not turn Ctrl-C into a signal.
	l.Interrupt = func() { _ = syscall.Kill(syscall.Getpid(), syscall.SIGINT) }
	return liveView{messages: o.Messages, View: live.Start(l, func(err error) {
		o.Messages.Hold(false)
		o.Messages.Warnf("the live view failed: %v", err)
	})}
}

// Keep makes sure that the terminal is restored if flakeci is killed during a live view.
func Keep(t terminal.Terminal) (release func()) {
	release, err := proc.GuardTerminal(t.Out, live.Reset)
	if err != nil {
		return func() {} // only matters if flakeci is killed
	}
	return release
}

// Hush does nothing: no live view is shown while a guest has the terminal.
func (liveView) Hush() {}

// Stop ends the view and prints the messages that were held back.
func (v liveView) Stop() {
	v.View.Stop()
	v.messages.Hold(false)
}
