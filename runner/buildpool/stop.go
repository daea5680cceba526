package buildpool

import (
	"slices"

	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/cause"
)

// timeOut stops a build that took too long, except for what other builds need, too.
func (p *Pool) timeOut(b *build) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b.ended || b.stopped != "" || p.interrupted {
		return
	}
	b.stopped = result.TimedOut
	p.graph.Drop(b.goal)
	for _, w := range p.processes {
		p.cancelUnneeded(w)
	}
	if !p.isEnding(b) {
		p.settleStopped(b)
	}
	p.proceed()
}

// isEnding reports whether a process that works for a build was canceled and still runs:
// it may have a failure to report.
func (p *Pool) isEnding(b *build) bool {
	return slices.ContainsFunc(p.processes, func(w *process) bool { return w.works[b] && (w.canceled || p.interrupted) })
}

// cancelUnneeded cancels a process if no build needs what it is building now or, while it
// builds nothing, what it has left to build.
func (p *Pool) cancelUnneeded(w *process) {
	open := 0
	for drv := range w.builders {
		if p.graph.Open(drv) {
			open++
		}
		if len(p.graph.Goals(drv)) > 0 {
			return
		}
	}
	if open > 0 || len(p.graph.PartGoals(w.Part)) == 0 {
		w.canceled = true
		w.cancel()
	}
}

// settleStopped settles a build that was stopped. Its causes include what had failed by then.
func (p *Pool) settleStopped(b *build) {
	if b.ended {
		return
	}
	if b.stopped == result.TimedOut {
		b.Causes = []*result.Cause{cause.Timeout(b.Cell.ID, result.PhaseBuild, p.o.Timeout)}
	}
	b.Causes = append(b.Causes, p.causesOf(b)...)
	b.settle(b.stopped)
}

// interrupt cancels all builds. Those that processes work on end with their processes.
func (p *Pool) interrupt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.interrupted = true
	for _, b := range p.goals {
		if b.ended || b.stopped != "" {
			continue
		}
		b.stopped = result.Canceled
		p.graph.Drop(b.goal)
		if !p.isEnding(b) {
			p.settleStopped(b)
		}
	}
}
