package runner_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/evalpool"
	"github.com/flakeci/flakeci/runner/event"
)

// on makes a subscriber to events of one type.
func on[E event.Event](handle func(E)) []event.Subscriber {
	return []event.Subscriber{{Handle: func(e event.Event) {
		if e, ok := e.(E); ok {
			handle(e)
		}
	}}}
}

// stuck tests with a subscriber that hangs until another one has seen the end of all cells, as
// one would that writes to a terminal behind a lost connection.
type stuck struct {
	*fleet
	cells, ended, late int
	others             chan struct{}
}

func (s *stuck) wait() {
	select {
	case <-s.others:
	case <-time.After(10 * time.Minute):
		s.Error("the run waits for one subscriber")
	}
}

// subscribers returns the one that hangs, which may ask for lines, and the other one.
func (s *stuck) subscribers(lines bool) []event.Subscriber {
	s.others = make(chan struct{})
	hangs := event.Subscriber{Lines: lines, Handle: func(e event.Event) {
		switch e.(type) {
		case event.Started:
			if !lines {
				s.wait()
			}
		case event.Line:
			s.wait()
		case event.Finished:
			s.late++
		}
	}}
	return append(on(func(event.Finished) {
		if s.ended++; s.ended == s.cells {
			close(s.others)
		}
	}), hangs)
}

// A stuck subscriber holds up neither the others nor time limits, whatever builders write,
// and gets all events in the end.
func TestAStuckSubscriber(t *testing.T) {
	lanes.Heavy(t, "waits for time limits")
	eachFleet(t, func(f *fleet) {
		f.write("", `ok = sh "ok" "/usr/bin/seq 5000"; imports = sh "imports" (builtins.readFile (sh "imported" "/bin/sleep 600")); sleeps = sh "sleeps" "/usr/bin/seq 5000; /bin/sleep 600";`)
		s := &stuck{fleet: f, cells: 3}
		limit := f.limit(8 * time.Second)
		out := f.run(func(o *runner.Options) { o.Timeout, o.Subscribers = limit, s.subscribers(false) })
		if got, want := ways(out), "imports: timed-out, ok: passed built, sleeps: timed-out"; got != want || s.late != 3 {
			f.Errorf("got %s (%d arrived), want %s: %s", got, s.late, want, titles(out.Causes))
		}
	})
}

// It does not hold up the memory limit either: of the several GiB that the cell would use, it
// gets little more than the budget.
func TestMemoryIsLimitedWhileASubscriberIsStuck(t *testing.T) {
	eachFleet(t, func(f *fleet) {
		f.write("", `ok = sh "ok" ""; eats = sh "eats" (toString (builtins.foldl' (a: b: a + b.x) 0 (builtins.genList (x: { inherit x; y = x + 1; }) 30000000)));`)
		s := &stuck{fleet: f, cells: 2}
		out := f.run(func(o *runner.Options) {
			o.Memory, o.Subscribers = &evalpool.Memory{Total: 400 << 20}, s.subscribers(false)
		})
		if got, want := ways(out), "eats: error, ok: passed built"; got != want || !strings.HasPrefix(titles(out.Causes), "evaluation out of memory, ") {
			f.Fatalf("got %s, want %s: %s", got, want, titles(out.Causes))
		}
		if peak := out.Results[0].Phases[0].MaxRSS; peak == 0 || peak > 500<<20 {
			f.Errorf("it used %d MiB", peak>>20)
		}
	})
}

// Builders that wait for a stuck subscriber can still be stopped.
func TestBuildersThatWaitAreStopped(t *testing.T) {
	lanes.Heavy(t, "waits for time limits")
	eachFleet(t, func(f *fleet) {
		f.write("", `yes = sh "yes" "while :; do echo a line of some length and another and another; done";`)
		limit := f.limit(3 * time.Second)
		for want, stop := range map[string]func(*runner.Options, context.CancelFunc){
			"yes: timed-out": func(o *runner.Options, _ context.CancelFunc) { o.Timeout = limit },
			"yes: canceled": func(o *runner.Options, cancel context.CancelFunc) {
				var once sync.Once
				o.Subscribers = append(o.Subscribers, on(func(event.BuilderStarted) { once.Do(func() { time.AfterFunc(time.Second, cancel) }) })...)
			},
		} {
			ctx, cancel := context.WithCancel(f.Context())
			s := &stuck{fleet: f, cells: 1}
			out := f.runIn(ctx, func(o *runner.Options) {
				o.Subscribers = s.subscribers(true)
				stop(o, cancel)
			})
			cancel()
			if got := ways(out); got != want || s.late != 1 {
				f.Errorf("got %s (%d arrived), want %s: %s", got, s.late, want, titles(out.Causes))
			}
		}
	})
}
