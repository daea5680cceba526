package buildpool

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/graph"
	"github.com/flakeci/flakeci/runner/outcome"
)

// Request asks for a derivation of a cell.
type Request struct {
	Cell    result.Cell
	Drv     string
	Outputs map[string]string
	AtBase  bool // it is the cell as it was at the base
	// IfMissing builds only what cannot be fetched; the rest counts as cached.
	IfMissing bool
}

// Answer says how a build ended.
type Answer struct {
	Status result.Status
	How    result.How
	Note   string
	Phase  outcome.Phase // empty if there was none
	Causes []*result.Cause
	Flaky  bool // it needed a retry
}

// build is the build of one derivation, done once for all cells that have it.
type build struct {
	once sync.Once
	Request
	paths []string // of the outputs; empty if they are not known
	done  chan struct{}
	ended bool // done is closed
	Answer

	goal   graph.Goal
	faults int // transient failures
	// builtOn lists where something was built for it, see [result.Phase.BuiltOn].
	builtOn []string
	// stopped is the status of a build that was stopped. It may still wait for processes to
	// end.
	stopped result.Status
	clock
}

// findPaths sets the paths of the outputs. A content-addressed output has none before it is
// built.
func (b *build) findPaths() {
	store := filepath.Dir(b.Drv) + "/"
	for _, path := range slices.Sorted(maps.Values(b.Outputs)) {
		if !strings.HasPrefix(path, store) {
			b.paths = nil
			return
		}
		b.paths = append(b.paths, path)
	}
}

// add notes where a derivation that the build needs is built: its own first.
func (b *build) add(drv, place string) {
	at := slices.Index(b.builtOn, place)
	switch {
	case drv == b.Drv && at >= 0:
		b.builtOn = slices.Delete(b.builtOn, at, at+1)
		fallthrough
	case drv == b.Drv:
		b.builtOn = slices.Insert(b.builtOn, 0, place)
	case at < 0:
		b.builtOn = append(b.builtOn, place)
	}
}

// onlyEvaluated is the answer for what this machine cannot build.
func (b *build) onlyEvaluated() {
	b.Status, b.How = result.Passed, result.Evaluated
	b.Note = fmt.Sprintf("only evaluated: this machine cannot build for %s", b.Cell.System)
}

// settle sets how a build ended.
func (b *build) settle(status result.Status) {
	now := time.Now()
	b.Status = status
	b.Phase = outcome.Phase{Phase: result.Phase{Name: result.PhaseBuild.Name(), Status: status, Started: b.began, MaxRSS: b.maxRSS, Attempts: 1 + b.faults}}
	if b.began.IsZero() {
		b.Phase.Started = now
	}
	if slices.ContainsFunc(b.builtOn, func(place string) bool { return place != result.BuiltHere }) {
		b.Phase.BuiltOn = b.builtOn
	}
	worked := b.workedUntil(now)
	b.Phase.Duration, b.Phase.Waiting = result.Seconds(worked), result.Seconds(now.Sub(b.Phase.Started)-worked)
	if len(b.Causes) > 0 {
		b.Phase.Message = b.Causes[0].Title
	}
	b.end()
}

// end ends the build for everything that waits for it.
func (b *build) end() {
	if b.ended {
		return
	}
	b.ended = true
	if b.timer != nil {
		b.timer.Stop()
	}
	close(b.done)
}

// clock measures the time that is spent on a build. It runs while any process builds
// something that the build needs, whatever else needs that, too.
type clock struct {
	began   time.Time // zero if nothing was done yet
	since   time.Time // when it was last started or stopped
	running int       // processes
	worked  time.Duration
	timer   *time.Timer
	maxRSS  int64
}

// start counts one more process and reports whether the clock stood still before.
func (c *clock) start(now time.Time, limit time.Duration, timeOut func()) bool {
	c.running++
	if c.running > 1 {
		return false
	}
	if c.began.IsZero() {
		c.began = now
	}
	c.since = now
	if limit > 0 {
		c.timer = time.AfterFunc(limit-c.worked, safely.Func(timeOut))
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

// workedUntil returns how long the clock has run.
func (c *clock) workedUntil(now time.Time) time.Duration {
	if c.running > 0 {
		return c.worked + now.Sub(c.since)
	}
	return c.worked
}
