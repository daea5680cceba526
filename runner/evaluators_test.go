package runner

import (
	"context"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/result"
)

// An answer may come when its process was ended already. Then the cell is done, or took
// too long; to ask once more may go on for ever.
func TestAnAnswerToTheEnd(t *testing.T) {
	for ended, want := range map[ending]result.Status{byItself: "", byTimeout: result.TimedOut, byMemory: ""} {
		e := &evaluators{ctx: t.Context(), jobs: 1, held: true}
		q, next := &query{done: make(chan struct{}), started: time.Now()}, &query{done: make(chan struct{})}
		w := &evaluator{list: []*query{q, next}, ended: ended}
		e.working = []*evaluator{w}
		more := e.answered(w, nix.Instance{DrvPath: "a.drv"}, nil)
		if more != (ended == byItself) {
			t.Errorf("ended %d: it goes on: %t", ended, more)
		}
		e.end(w, proc.Usage{}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		select {
		case <-q.done:
		case <-ctx.Done():
			t.Errorf("ended %d: no answer", ended)
			continue
		}
		if q.stopped != want || q.instance.DrvPath == "" && want == "" || len(e.queue) != 1 || e.queue[0] != next {
			t.Errorf("ended %d: %q, %+v, and %d wait", ended, q.stopped, q.instance, len(e.queue))
		}
	}
}
