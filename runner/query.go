package runner

import (
	"time"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/outcome"
)

// query is a question on its way, and its answer once done is closed.
type query struct {
	target   *nix.Target
	question nix.Question
	tell     listener
	done     chan struct{}

	evaluation
	started  time.Time
	peak     int64 // of the process while it was in hand, in bytes
	attempts int
	faults   int // how many of those ended by a fault that may be gone
}

// listener follows a question. Each function may be nil.
type listener struct {
	began  func()      // it is taken in hand
	again  func(error) // it will be tried again, and why
	warned func(text string)
}

// wait gives the answer once it is there.
func (q *query) wait() evaluation {
	<-q.done
	return q.evaluation
}

// finish completes an answer.
func (q *query) finish(stopped result.Status, err error) {
	q.err, q.stopped, q.flaky = err, stopped, err == nil && q.faults > 0
	q.phase = outcome.Phase{Phase: result.Phase{Name: result.PhaseEval.Name(), Status: result.Passed, Started: q.started, Attempts: q.attempts, MaxRSS: q.peak}}
	if q.started.IsZero() {
		q.phase.Started = time.Now()
	}
	q.phase.Duration = result.Seconds(time.Since(q.phase.Started))
	close(q.done)
}
