package live

import (
	"context"
	"errors"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
)

// Options say what is shown, and where.
type Options struct {
	// In and Out are the terminal.
	In  io.Reader
	Out io.Writer
	Env []string // KEY=value, for TERM and the like
	// Keep is called before the terminal is changed, and what it gives once that is
	// as it was.
	Keep func() (release func())
	// Color is whether to use colours.
	Color bool

	Flake   result.Flake
	Nix     string // its version
	Matrix  matrix.Matrix
	Started time.Time

	// EvalJobs and BuildJobs are how many evaluations and builds run at once;
	// EvalOnly says that nothing is built. The time that is left depends on them.
	EvalJobs, BuildJobs int
	EvalOnly            bool
	// Estimate may be nil.
	Estimate Estimate

	// Interrupt is what Ctrl-C does, which does not come as a signal while the view
	// is there. Stopping reports whether the run is being interrupted, whoever
	// asked for it.
	Interrupt func()
	Stopping  func() bool
}

// Reset is what takes a terminal out of all that a view has put it into, should
// that be gone without doing so: the other screen, no cursor, pasted text marked,
// more said of keys, colours.
const Reset = ansi.ResetModeAltScreenSaveCursor + ansi.SetModeTextCursorEnable + ansi.ResetModeBracketedPaste +
	ansi.ResetModeUnicodeCore + ansi.ResetModeSynchronizedOutput + ansi.ResetModifyOtherKeys + "\x1b[<u" + ansi.ResetStyle

// View is a live view on its way.
type View struct {
	options Options
	board   *board
	program *tea.Program
	stop    chan struct{} // closed when the view is not wanted any more
	gone    chan struct{} // closed when the terminal is as it was
}

// How long a run takes at least to be worth a view, and how long one stays that
// is there. A screen that flashes up tells nobody anything, and the terminal has
// to have answered what it was asked before somebody else reads from it.
const (
	patience = 300 * time.Millisecond
	shortest = 300 * time.Millisecond
)

// Start begins to show a run. Broken, where it is not nil, is called if the
// terminal is lost before the view is stopped; it is as it was by then.
func Start(o Options, broken func(error)) *View {
	b := newBoard(o.Matrix, time.Now)
	v := &View{options: o, board: b, stop: make(chan struct{}), gone: make(chan struct{})}
	profile := colorprofile.Ascii
	if o.Color {
		profile = colorprofile.ANSI
	}
	v.program = tea.NewProgram(newModel(b, o),
		tea.WithInput(o.In), tea.WithOutput(o.Out), tea.WithEnvironment(o.Env),
		tea.WithWindowSize(80, 24), // for what cannot be asked
		tea.WithColorProfile(profile), tea.WithFPS(int(time.Second/frame)),
		tea.WithoutSignalHandler(), // main has one
	)
	safely.Go(func() { v.run(broken) })
	return v
}

func (v *View) run(broken func(error)) {
	defer close(v.gone)
	select {
	case <-v.stop:
		return
	case <-time.After(patience):
	}
	defer v.options.Keep()()
	safely.Go(func() {
		began := time.Now()
		<-v.stop
		time.Sleep(time.Until(began.Add(shortest)))
		v.program.Quit()
	})
	_, err := v.program.Run()
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	select {
	case <-v.stop:
	default:
		broken(err)
	}
}

// Subscriber follows the run for the view.
func (v *View) Subscriber() event.Subscriber {
	return event.Subscriber{Handle: v.board.handle, Lines: true}
}

// Stop takes the view away. The terminal is as it was when it returns.
func (v *View) Stop() {
	close(v.stop)
	<-v.gone
}
