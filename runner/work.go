package runner

import (
	"time"

	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/graph"
	"github.com/flakeci/flakeci/runner/outcome"
)

// work is a build on its way through the builders, under their lock.
type work struct {
	cell    matrix.Cell
	drv     string
	outputs []string      // empty where they are not known
	over    chan struct{} // closed when the rest of the build is settled
	isOver  bool

	goal graph.Goal
	// faults is how often what builds it failed for what was gone the next time.
	faults int
	// stopped is set if it was stopped, and waits for processes to end.
	stopped result.Status
	clock
}

// clock is the time in which something was done for a build. It goes while a
// process runs that builds any of what it needs, whoever else needs that, too.
type clock struct {
	began   time.Time // zero: nothing was done yet
	since   time.Time // when it last went on, or stopped
	running int       // processes
	worked  time.Duration
	timer   *time.Timer
	maxRSS  int64
}

// start counts one more process, and says whether the clock did not go before.
func (c *clock) start(now time.Time, limit time.Duration, timeUp func()) bool {
	c.running++
	if c.running > 1 {
		return false
	}
	if c.began.IsZero() {
		c.began = now
	}
	c.since = now
	if limit > 0 {
		c.timer = time.AfterFunc(limit-c.worked, safely.Func(timeUp))
	}
	return true
}

// stop counts one process less.
func (c *clock) stop(now time.Time) {
	c.running--
	if c.running > 0 {
		return
	}
	c.worked += now.Sub(c.since)
	c.since = now
	if c.timer != nil {
		c.timer.Stop()
	}
}

// workedUntil is for how long something was done.
func (c *clock) workedUntil(now time.Time) time.Duration {
	if c.running > 0 {
		return c.worked + now.Sub(c.since)
	}
	return c.worked
}

// settle says how a build ended.
func (b *build) settle(status result.Status) {
	now := time.Now()
	b.status = status
	b.phase = outcome.Phase{Phase: result.Phase{Name: result.PhaseBuild.Name(), Status: status, Started: b.began, MaxRSS: b.maxRSS, Attempts: 1 + b.faults}}
	if b.began.IsZero() {
		b.phase.Started = now
	}
	worked := b.workedUntil(now)
	b.phase.Duration, b.phase.Waiting = result.Seconds(worked), result.Seconds(now.Sub(b.phase.Started)-worked)
	if len(b.causes) > 0 {
		b.phase.Message = b.causes[0].Title
	}
	b.end()
}

// end lets the build go.
func (b *build) end() {
	if b.isOver {
		return
	}
	b.isOver = true
	if b.timer != nil {
		b.timer.Stop()
	}
	close(b.over)
}
