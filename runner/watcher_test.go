package runner_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/runner/evalpool"
)

// heldUp watches a run and does not come back, as one who writes to a terminal behind
// a lost connection, before another has seen the end of all cells.
type heldUp struct {
	*fleet
	cells, ended, late int
	others             chan struct{}
}

func (h *heldUp) wait() {
	select {
	case <-h.others:
	case <-time.After(10 * time.Minute):
		h.Error("all wait for one")
	}
}

// watch gives the watchers, of whom the one that is held up wants to know of lines or
// not.
func (h *heldUp) watch(lines bool) []runner.Watcher {
	h.others = make(chan struct{})
	w := runner.Watcher{
		Start: func(matrix.Cell, string) {
			if !lines {
				h.wait()
			}
		},
		Done: func(runner.Result) { h.late++ },
	}
	if lines {
		w.Line = func(string, string) { h.wait() }
	}
	return []runner.Watcher{w, {Done: func(runner.Result) {
		if h.ended++; h.ended == h.cells {
			close(h.others)
		}
	}}}
}

// Who is held up holds up neither the others nor the limits of time, whatever builders
// write, and is told of all in the end.
func TestAWatcherThatIsHeldUp(t *testing.T) {
	lanes.Heavy(t, "waits for time limits")
	eachFleet(t, func(f *fleet) {
		f.write("", `ok = sh "ok" "/usr/bin/seq 5000"; imports = sh "imports" (builtins.readFile (sh "imported" "/bin/sleep 600")); sleeps = sh "sleeps" "/usr/bin/seq 5000; /bin/sleep 600";`)
		h := &heldUp{fleet: f, cells: 3}
		limit := f.limit(8 * time.Second)
		out := f.run(func(o *runner.Options) { o.Timeout, o.Watch = limit, h.watch(false) })
		if got, want := ways(out), "imports: timed-out, ok: passed built, sleeps: timed-out"; got != want || h.late != 3 {
			f.Errorf("got %s (told of %d), want %s: %s", got, h.late, want, titles(out.Causes))
		}
	})
}

// Nor those of memory: of the several GiB that it would take, not much more than the
// budget is used.
func TestMemoryIsWatchedWhoeverIsHeldUp(t *testing.T) {
	eachFleet(t, func(f *fleet) {
		f.write("", `ok = sh "ok" ""; eats = sh "eats" (toString (builtins.foldl' (a: b: a + b.x) 0 (builtins.genList (x: { inherit x; y = x + 1; }) 30000000)));`)
		h := &heldUp{fleet: f, cells: 2}
		out := f.run(func(o *runner.Options) {
			o.Memory, o.Watch = &evalpool.Memory{Total: 400 << 20}, h.watch(false)
		})
		if got, want := ways(out), "eats: error, ok: passed built"; got != want || !strings.HasPrefix(titles(out.Causes), "evaluation out of memory, ") {
			f.Fatalf("got %s, want %s: %s", got, want, titles(out.Causes))
		}
		if peak := out.Results[0].Phases[0].MaxRSS; peak == 0 || peak > 500<<20 {
			f.Errorf("it took %d MiB", peak>>20)
		}
	})
}

// Nor does one for whom builders wait keep them from being stopped.
func TestBuildersThatWaitAreStopped(t *testing.T) {
	lanes.Heavy(t, "waits for time limits")
	eachFleet(t, func(f *fleet) {
		f.write("", `yes = sh "yes" "while :; do echo a line of some length, of which there is no end; done";`)
		limit := f.limit(3 * time.Second)
		for want, stop := range map[string]func(*runner.Options, context.CancelFunc){
			"yes: timed-out": func(o *runner.Options, _ context.CancelFunc) { o.Timeout = limit },
			"yes: canceled": func(o *runner.Options, cancel context.CancelFunc) {
				var once sync.Once
				o.Watch = append(o.Watch, runner.Watcher{Builder: func(string, bool) { once.Do(func() { time.AfterFunc(time.Second, cancel) }) }})
			},
		} {
			ctx, cancel := context.WithCancel(f.Context())
			h := &heldUp{fleet: f, cells: 1}
			out := f.runIn(ctx, func(o *runner.Options) {
				o.Watch = h.watch(true)
				stop(o, cancel)
			})
			cancel()
			if got := ways(out); got != want || h.late != 1 {
				f.Errorf("got %s (told of %d), want %s: %s", got, h.late, want, titles(out.Causes))
			}
		}
	})
}
