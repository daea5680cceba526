package evalpool

import (
	"context"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/result"
)

// An answer may come when the pool has already ended the process. Then the cell is done, or
// took too long; asking again could go on forever.
func TestAnswerAfterExit(t *testing.T) {
	for why, want := range map[exit]result.Status{exitNormal: "", exitTimeout: result.TimedOut, exitMemory: ""} {
		p := &Pool{ctx: t.Context(), jobs: 1, held: true}
		q, next := &Query{done: make(chan struct{}), started: time.Now()}, &Query{done: make(chan struct{})}
		w := &process{queries: []*Query{q, next}, exit: why}
		p.working = []*process{w}
		more := p.answered(w, question.Instance{DrvPath: "a.drv"}, nil)
		if more != (why == exitNormal) {
			t.Errorf("exit %d: continues: %t", why, more)
		}
		p.end(w, proc.Usage{}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		select {
		case <-q.done:
		case <-ctx.Done():
			t.Errorf("exit %d: no answer", why)
			continue
		}
		if q.Stopped != want || q.Instance.DrvPath == "" && want == "" || len(p.queue) != 1 || p.queue[0] != next {
			t.Errorf("exit %d: %q, %+v, and %d wait", why, q.Stopped, q.Instance, len(p.queue))
		}
	}
}
