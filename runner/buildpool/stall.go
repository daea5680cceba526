package buildpool

import (
	"context"
	"sync"
	"time"
)

// stalls finds builders that write nothing for a long time. They may still be at work, so it
// only reports them.
type stalls struct {
	after  time.Duration // 0 means never
	report func(drv string, silent time.Duration)

	mu       sync.Mutex
	builders map[string]*output // of those that run, by derivation
}

// output is when a builder last wrote something, and after how long a silence to report it
// next.
type output struct {
	at   time.Time
	next time.Duration
}

// wrote notes that a builder started or wrote a line.
func (s *stalls) wrote(drv string) {
	if s.after <= 0 {
		return
	}
	s.mu.Lock()
	last := s.builders[drv]
	s.builders[drv] = &output{at: time.Now(), next: s.after}
	s.mu.Unlock()
	if last != nil && last.next > s.after {
		s.report(drv, 0) // it writes again
	}
}

// ended notes that a builder ended.
func (s *stalls) ended(drv string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.builders, drv)
}

// watch reports builders until the context ends.
func (s *stalls) watch(ctx context.Context) {
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
func (s *stalls) overdue(now time.Time) map[string]time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := map[string]time.Duration{}
	for drv, last := range s.builders {
		if silent := now.Sub(last.at); silent >= last.next {
			list[drv] = silent
			last.next = 2 * silent
		}
	}
	return list
}
