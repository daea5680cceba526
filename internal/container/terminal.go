package container

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/term"

	"github.com/flakeci/flakeci/internal/safely"
)

// Terminal is the user's terminal.
type Terminal struct {
	In, Out *os.File
	// Keep makes sure that the terminal is restored if flakeci is killed.
	Keep func() (release func())
}

// onTerminal connects the terminal with that of the run until the run ends. Keys go to the run as
// they are, Ctrl-C included.
func (b *box) onTerminal(ctx context.Context, exec string, run client.HijackedResponse, t *Terminal) error {
	defer t.Keep()()
	was, err := term.MakeRaw(int(t.In.Fd()))
	if err != nil {
		return err
	}
	defer func() { _ = term.Restore(int(t.In.Fd()), was) }()
	defer b.followSize(ctx, exec, t)()
	safely.Go(func() { _, _ = io.Copy(run.Conn, t.In) }) // reads until flakeci ends
	_, err = io.Copy(t.Out, run.Reader)
	return err
}

// followSize gives the terminal of the run the size of the user's until stop is called.
func (b *box) followSize(ctx context.Context, exec string, t *Terminal) (stop func()) {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	over := make(chan struct{})
	safely.Go(func() {
		for tries := 0; ; {
			width, height, err := term.GetSize(int(t.Out.Fd()))
			if err == nil {
				_, err = b.client.ExecResize(ctx, exec, client.ExecResizeOptions{Width: uint(width), Height: uint(height)})
			}
			var again <-chan time.Time
			if err != nil && tries < 50 { // the program may not have started yet
				tries++
				again = time.After(50 * time.Millisecond)
			}
			select {
			case <-changed:
			case <-again:
			case <-over:
				return
			}
		}
	})
	return func() {
		signal.Stop(changed)
		close(over)
	}
}
