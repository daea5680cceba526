package runner

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/runner/event"
)

// silence looks for builders that write nothing for a long time. They may be at work all
// the same, so it only reports them.
type silence struct {
	after  time.Duration
	report func(drv string, silent time.Duration)

	mu       sync.Mutex
	builders map[string]*lastWord // those that run, by derivation
}

// lastWord is when a builder wrote something last, and how much silence after that is
// reported next.
type lastWord struct {
	at   time.Time
	next time.Duration
}

// heard notes that a builder started or wrote a line.
func (s *silence) heard(drv string) {
	if s.after <= 0 {
		return
	}
	s.mu.Lock()
	was := s.builders[drv]
	s.builders[drv] = &lastWord{at: time.Now(), next: s.after}
	s.mu.Unlock()
	if was != nil && was.next > s.after {
		s.report(drv, 0) // it writes again
	}
}

// ended notes that a builder ended.
func (s *silence) ended(drv string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.builders, drv)
}

// watch looks at the builders until the context ends.
func (s *silence) watch(ctx context.Context) {
	if s.after <= 0 {
		return
	}
	tick := time.NewTicker(max(s.after/20, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			for drv, silent := range s.overdue(now) {
				s.report(drv, silent)
			}
		}
	}
}

// overdue returns the builders to report. It returns each again after twice the time.
func (s *silence) overdue(now time.Time) map[string]time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := map[string]time.Duration{}
	for drv, w := range s.builders {
		if silent := now.Sub(w.at); silent >= w.next {
			list[drv] = silent
			w.next = 2 * silent
		}
	}
	return list
}

// silent sends that a builder writes nothing, with the cells that wait for it.
func (s *builders) silent(drv string, silent time.Duration) {
	s.mu.Lock()
	var cells []matrix.Cell
	for _, id := range s.graph.Goals(drv) {
		cells = append(cells, s.goals[id].cell)
	}
	s.mu.Unlock()
	slices.SortFunc(cells, matrix.Compare)
	s.r.emit(event.Stalled{Drv: drv, Cells: cells, Silent: silent})
}
