package evalpool

import (
	"time"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/result"
)

// Query is a question in the pool.
type Query struct {
	target   *nix.Target
	question question.Question
	listener Listener
	done     chan struct{} // closed when the answer is complete

	Answer
	started  time.Time
	peak     int64 // resident memory of the process during the query, in bytes
	attempts int
	faults   int // attempts that ended in a transient fault
}

// Answer is the result of evaluating a cell.
type Answer struct {
	Instance question.Instance
	Err      error
	Phase    result.Phase
	Stopped  result.Status // canceled or timed out, else empty
	Flaky    bool          // it needed a retry
}

// Listener follows a query. Any field may be nil.
type Listener struct {
	Started  func()      // a process begins the query
	Retrying func(error) // the query failed with this transient error and will be retried
}

// Wait returns the answer as soon as it is complete.
func (q *Query) Wait() Answer {
	<-q.done
	return q.Answer
}

// finish completes the answer.
func (q *Query) finish(stopped result.Status, err error) {
	q.Err, q.Stopped, q.Flaky = err, stopped, err == nil && q.faults > 0
	q.Phase = result.Phase{Name: result.PhaseEval.Name(), Status: result.Passed, Started: q.started, Attempts: q.attempts, MaxRSS: q.peak}
	if q.started.IsZero() {
		q.Phase.Started = time.Now()
	}
	q.Phase.Duration = result.Seconds(time.Since(q.Phase.Started))
	if err != nil && stopped == "" {
		q.target.Fail(q.question, q.Instance, err)
	}
	close(q.done)
}
