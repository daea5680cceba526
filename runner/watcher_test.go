package runner_test

import (
	"testing"
	"time"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/runner"
)

// One who is told and does not come back, as a terminal behind a lost connection,
// holds up neither the others nor the limits, and is told of all in the end.
func TestAWatcherThatIsHeldUp(t *testing.T) {
	eachFleet(t, func(f *fleet) {
		f.write(`for = n: builtins.foldl' (a: _: builtins.foldl' builtins.add a (builtins.genList (x: x) 1000)) 0 (builtins.genList (x: x) n);`,
			`ok = sh "ok" ""; sleeps = sh "sleeps" "/bin/sleep 120"; spins = sh "spins" (toString (for 10000000));`)
		others := make(chan struct{})
		ended, late := 0, 0
		out := f.run(func(o *runner.Options) {
			o.Timeout = 3 * time.Second
			o.Watch = []runner.Watcher{
				{
					Start: func(matrix.Cell, string) {
						select {
						case <-others:
						case <-time.After(time.Minute):
							f.Error("all wait for one")
						}
					},
					Done: func(runner.Result) { late++ },
				},
				{Done: func(runner.Result) {
					if ended++; ended == 3 {
						close(others)
					}
				}},
			}
		})
		if got, want := ways(out), "ok: passed built, sleeps: timed-out, spins: timed-out"; got != want {
			f.Errorf("got %s, want %s: %s", got, want, titles(out.Causes))
		}
		if late != 3 {
			f.Errorf("it was told of %d cells", late)
		}
	})
}
