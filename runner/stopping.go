package runner

import (
	"slices"

	"github.com/flakeci/flakeci/result"
)

// How builds are stopped that take too long or that nobody wants any more.

// timeUp stops a build that took too long. What others need of it goes on.
func (s *builders) timeUp(b *build) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.isOver || b.stopped != "" || s.stopping {
		return
	}
	b.stopped = result.TimedOut
	s.graph.Drop(b.goal)
	for _, p := range s.parts {
		s.giveUp(p)
	}
	if !s.winding(b) {
		s.stop(b)
	}
	s.proceed()
}

// winding says whether a process that works for a build was told to end and has
// not: it may have something to say yet.
func (s *builders) winding(b *build) bool {
	return slices.ContainsFunc(s.parts, func(p *part) bool { return p.works[b] && (p.unwanted || s.stopping) })
}

// giveUp stops a part if what is being built of it now is wanted by nobody any
// more, or where that is nothing, what is left of it.
func (s *builders) giveUp(p *part) {
	ours := 0
	for drv := range p.builders {
		if s.graph.Open(drv) {
			ours++
		}
		if len(s.graph.Goals(drv)) > 0 {
			return
		}
	}
	if ours > 0 || len(s.graph.Wanted(p.Part)) == 0 {
		p.unwanted = true
		p.cancel()
	}
}

// stop ends a build that was stopped, with what had failed by then.
func (s *builders) stop(b *build) {
	if b.isOver {
		return
	}
	if b.stopped == result.TimedOut {
		b.causes = []*result.Cause{timeoutCause(b.cell.ID, result.PhaseBuild, s.r.Timeout)}
	}
	b.causes = append(b.causes, s.causesOf(b)...)
	b.settle(b.stopped)
}

// interrupt ends all that was not begun; what was ends with its process.
func (s *builders) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopping = true
	for _, b := range s.goals {
		if b.isOver || b.stopped != "" {
			continue
		}
		b.stopped = result.Canceled
		s.graph.Drop(b.goal)
		if !s.winding(b) {
			s.stop(b)
		}
	}
}
