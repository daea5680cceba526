package runner

import (
	"context"
	"sync"

	"github.com/flakeci/flakeci/internal/safely"
)

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

// tell tells all of what happens, in their own time. What is told must not change
// any more.
func (a audience) tell(of func(Watcher)) {
	for _, s := range a {
		s.mu.Lock()
		s.queue(of)
		s.mu.Unlock()
	}
}

// tellLine tells those who want to know of a line that a builder wrote. It waits for
// the slowest of them until the builder is to be stopped, so no lock may be held.
func (a audience) tellLine(ctx context.Context, drv, line string) {
	for _, s := range a {
		if s.watcher.Line != nil {
			s.tellLine(ctx, drv, line)
		}
	}
}

// catchUp waits until all are told of all.
func (a audience) catchUp() {
	for _, s := range a {
		s.mu.Lock()
		for s.busy {
			s.moved.Wait()
		}
		s.mu.Unlock()
	}
}

// spectator is told of what happens in order and in its own time. One that is held
// up, as by a terminal that takes nothing more, must not hold up those who tell it:
// they watch over the memory and the time that others take.
type spectator struct {
	watcher Watcher

	mu     sync.Mutex
	moved  sync.Cond // it was told of something
	queued []func(Watcher)
	unread int  // how much of the queue is lines of builders, in bytes
	busy   bool // it is being told
}

// How many bytes of lines may wait for a spectator, before builders wait with the
// next: they may write without end. A line that waits takes more than its text.
const (
	mostUnread = 1 << 20
	lineHead   = 64
)

func (s *spectator) tellLine(ctx context.Context, drv, line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unread > mostUnread {
		defer context.AfterFunc(ctx, safely.Func(s.wake))()
	}
	for s.unread > mostUnread {
		if ctx.Err() != nil {
			return
		}
		s.moved.Wait()
	}
	size := lineHead + len(line)
	s.unread += size
	s.queue(func(w Watcher) {
		w.Line(drv, line)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.unread -= size
	})
}

func (s *spectator) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved.Broadcast()
}

// queue has the spectator told of something later. It is locked.
func (s *spectator) queue(of func(Watcher)) {
	s.queued = append(s.queued, of)
	if !s.busy {
		s.busy = true
		safely.Go(s.follow)
	}
}

// follow tells of all that waits.
func (s *spectator) follow() {
	for {
		queued := s.next()
		if len(queued) == 0 {
			return
		}
		for _, of := range queued {
			of(s.watcher)
			s.wake()
		}
	}
}

func (s *spectator) next() []func(Watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	queued := s.queued
	if s.queued = nil; len(queued) == 0 {
		s.busy = false
		s.moved.Broadcast()
	}
	return queued
}
