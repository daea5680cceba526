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

// Options say what to show, and where.
type Options struct {
	// In and Out are the terminal.
	In  io.Reader
	Out io.Writer
	Env []string // KEY=value, for TERM and the like
	// Keep is called before the view changes the terminal, and release once the terminal is
	// restored.
	Keep func() (release func())
	// Color says whether to use colors.
	Color bool

	Flake   result.Flake
	Nix     string // its version
	Matrix  matrix.Matrix
	Started time.Time

	// EvalJobs and BuildJobs are how many evaluations and builds run at once; EvalOnly
	// means that nothing is built. The remaining time depends on them.
	EvalJobs, BuildJobs int
	EvalOnly            bool
	// Estimate may be nil.
	Estimate Estimate

	// Interrupt acts like Ctrl-C, which sends no signal while the view is shown. Stopping
	// reports whether the run is being interrupted for any reason.
	Interrupt func()
	Stopping  func() bool
}

// Reset is what to write to a terminal if flakeci ends without restoring it. It undoes
// everything that a view changes: the alternate screen, the hidden cursor, marked pasted
// text, detailed keys and colors.
const Reset = ansi.ResetModeAltScreenSaveCursor + ansi.SetModeTextCursorEnable + ansi.ResetModeBracketedPaste +
	ansi.ResetModeUnicodeCore + ansi.ResetModeSynchronizedOutput + ansi.ResetModifyOtherKeys + "\x1b[<u" + ansi.ResetStyle

// View is a live view.
type View struct {
	options Options
	board   *board
	program *tea.Program
	stop    chan struct{} // closed to end the view
	gone    chan struct{} // closed once the terminal is restored
}

// A view appears only if a run takes longer than patience, and stays for at least shortest:
// nobody can read a screen that flashes by, and the terminal must answer all requests
// before another program reads from it.
const (
	patience = 300 * time.Millisecond
	shortest = 300 * time.Millisecond
)

// Start begins to show a run. If the view fails before Stop, it restores the terminal and
// calls broken.
func Start(o Options, broken func(error)) *View {
	b := newBoard(o.Matrix, time.Now)
	v := &View{options: o, board: b, stop: make(chan struct{}), gone: make(chan struct{})}
	profile := colorprofile.Ascii
	if o.Color {
		profile = colorprofile.ANSI
	}
	v.program = tea.NewProgram(newModel(b, o),
		tea.WithInput(o.In), tea.WithOutput(o.Out), tea.WithEnvironment(o.Env),
		tea.WithWindowSize(80, 24), // if the terminal does not say
		tea.WithColorProfile(profile), tea.WithFPS(int(time.Second/frame)),
		tea.WithoutSignalHandler(), // main handles signals
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

// Subscriber returns the subscriber that feeds the view.
func (v *View) Subscriber() event.Subscriber {
	return event.Subscriber{Handle: v.board.handle, Lines: true}
}

// Stop ends the view and restores the terminal.
func (v *View) Stop() {
	close(v.stop)
	<-v.gone
}
