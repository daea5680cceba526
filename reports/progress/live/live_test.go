package live

import (
	"bytes"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// screen is what a terminal would get.
type screen struct {
	mu sync.Mutex
	bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Buffer.Write(p)
}

func (s *screen) has(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Contains(s.Bytes(), []byte(text))
}

// begin starts a view of two hosts on no terminal at all. It counts how often the
// terminal was taken and given back.
func begin(t *testing.T, estimate Estimate, broken func(error)) (v *View, out *screen, kept, released *int) {
	t.Helper()
	keys, writer := io.Pipe()
	t.Cleanup(func() { writer.Close() })
	out, kept, released = &screen{}, new(int), new(int)
	m := matrix.New(matrix.Inventory{NixOS: []string{"reason", "laptop"}})
	v = Start(Options{
		In: keys, Out: out, Env: []string{"TERM=xterm-256color"}, Matrix: m, Started: time.Now(), Estimate: estimate,
		Keep:      func() func() { *kept++; return func() { *released++ } },
		Interrupt: func() {}, Stopping: func() bool { return false },
	}, broken)
	v.Subscriber().Handle(event.Started{Cell: m.Cells[0], Phase: result.PhaseEval.Name()})
	return v, out, kept, released
}

func until(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come")
		}
	}
}

func TestViewComesAndGoes(t *testing.T) {
	t.Parallel()
	v, out, kept, released := begin(t, nil, func(err error) { t.Errorf("broken: %v", err) })
	until(t, func() bool { return out.has("reason") && out.has(ansi.SetModeAltScreenSaveCursor) })
	v.Stop()
	if !out.has(ansi.ResetModeAltScreenSaveCursor) || *kept != 1 || *released != 1 {
		t.Errorf("the terminal was taken %d times and given back %d times, and got %q", *kept, *released, out)
	}
}

// A run that ends at once shows only its table.
func TestQuickRunHasNoView(t *testing.T) {
	t.Parallel()
	v, out, kept, _ := begin(t, nil, func(err error) { t.Errorf("broken: %v", err) })
	v.Stop()
	if out.Len() > 0 || *kept > 0 {
		t.Errorf("the terminal got %q", out)
	}
}

// A fault in the view ends the view, not the run.
func TestViewBreaks(t *testing.T) {
	t.Parallel()
	failed := make(chan error, 1)
	v, out, _, released := begin(t, func(string, string) (time.Duration, bool) { panic("a fault, which this test makes") },
		func(err error) { failed <- err })
	select {
	case err := <-failed:
		t.Log(err)
	case <-time.After(2 * time.Minute):
		t.Fatal("the view continues")
	}
	v.Subscriber().Handle(event.Line{Drv: "x", Text: "the run continues"})
	v.Stop()
	if *released != 1 || out.has(ansi.SetModeAltScreenSaveCursor) && !out.has(ansi.ResetModeAltScreenSaveCursor) {
		t.Errorf("the terminal is left as it is: %q", out)
	}
}

// Cells that discovery finds late get a place.
func TestMoreCells(t *testing.T) {
	p := newPlay(t, matrix.Inventory{NixOS: []string{"reason"}}, result.KindNixOS)
	all := matrix.New(matrix.Inventory{NixOS: []string{"late"}, Packages: []matrix.Output{{System: "x86_64-linux", Name: "tool"}}})
	p.send(event.Added{Cells: all.Cells})
	p.golden("late", 80, 24)
}

// A home that turns out not to have the name of its user serves no host.
func TestUserComesLater(t *testing.T) {
	p := newPlay(t, matrix.Inventory{NixOS: []string{"reason"}, Homes: []matrix.Home{{Key: "desktop"}}}, result.KindNixOS, result.KindHome)
	home := p.cell("home/desktop").WithUser("niri")
	p.send(event.Waiting{Cell: home})
	if got := p.screen(80, 24); !strings.Contains(got, "anywhere     0 of 1") || strings.Contains(got, "desktop") {
		t.Errorf("it stands in the grid:\n%s", got)
	}
	p.send(event.Finished{Result: outcome.Result{Cell: home, Status: result.Passed, How: result.Cached}})
	p.golden("user", 80, 24)
}

// A process that is late to wait is continued, too.
func TestSuspendedLate(t *testing.T) {
	suspend()
	time.Sleep(suspending + suspending/2)
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	defer signal.Stop(continued)
	select {
	case <-continued:
	case <-time.After(2 * suspending):
		t.Error("it waits for ever")
	}
}
