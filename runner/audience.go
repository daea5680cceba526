package runner

import "sync"

// audience are the watchers of a run.
type audience []*spectator

func newAudience(watchers []Watcher) (a audience) {
	for _, w := range watchers {
		s := &spectator{watcher: w}
		s.moved.L = &s.mu
		a = append(a, s)
	}
	return a
}

// spectator is told of what happens in order and in its own time. One that is held
// up, as by a terminal that takes nothing more, must not hold up those who tell it:
// they watch over the memory and the time that others take.
type spectator struct {
	watcher Watcher

	mu     sync.Mutex
	moved  sync.Cond // it was told of something
	queue  []func(Watcher)
	behind int  // how much of what happened it has not been told of
	busy   bool // it is being told
}

// mostBehind is how far a spectator may be behind before builders have to wait with
// what they write: that has no end.
const mostBehind = 1 << 12

func (s *spectator) tell(of func(Watcher)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, of)
	s.behind++
	if !s.busy {
		s.busy = true
		go s.follow()
	}
}

// follow tells of all that waits.
func (s *spectator) follow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queue) > 0 {
		queue := s.queue
		s.queue = nil
		for _, of := range queue {
			s.mu.Unlock()
			of(s.watcher)
			s.mu.Lock()
			s.behind--
			s.moved.Broadcast()
		}
	}
	s.busy = false
}

// catchUp waits until the spectator is no more than so far behind.
func (s *spectator) catchUp(most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.behind > most {
		s.moved.Wait()
	}
}

// tell tells all of what happens.
func (a audience) tell(of func(Watcher)) {
	for _, s := range a {
		s.tell(of)
	}
}

// catchUp waits until none is more than so far behind.
func (a audience) catchUp(most int) {
	for _, s := range a {
		s.catchUp(most)
	}
}
