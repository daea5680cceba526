package event

import (
	"context"
	"sync"

	"github.com/flakeci/flakeci/internal/safely"
)

// Subscriber follows a run.
type Subscriber struct {
	// Handle gets every event in order, one at a time. It may take its time: the run and other
	// subscribers continue.
	Handle func(Event)
	// Lines asks for [Line] events. Then a builder that writes much waits for Handle.
	Lines bool
}

// Bus hands events to subscribers. Each has a queue of its own. A subscriber that hangs,
// such as one that writes to a stuck terminal, must not hold up the senders: they enforce
// limits of memory and time. The zero Bus has no subscribers.
type Bus struct{ queues []*queue }

// NewBus makes a bus for these subscribers.
func NewBus(subscribers []Subscriber) Bus {
	var b Bus
	for _, s := range subscribers {
		q := &queue{subscriber: s}
		q.changed.L = &q.mu
		b.queues = append(b.queues, q)
	}
	return b
}

// Send sends an event to all subscribers and does not wait for them. Lines go through
// [Bus.SendLine].
func (b Bus) Send(e Event) {
	for _, q := range b.queues {
		q.mu.Lock()
		q.add(e)
		q.mu.Unlock()
	}
}

// SendLine sends a line to the subscribers that ask for lines. It waits for the slowest of
// them, but no longer than ctx, the context of the builder. Hold no lock when calling it.
func (b Bus) SendLine(ctx context.Context, l Line) {
	for _, q := range b.queues {
		if q.subscriber.Lines {
			q.addLine(ctx, l)
		}
	}
}

// Wait waits until the subscribers have handled all that was sent.
func (b Bus) Wait() {
	for _, q := range b.queues {
		q.mu.Lock()
		for q.busy {
			q.changed.Wait()
		}
		q.mu.Unlock()
	}
}

// queue holds the events that a subscriber has not handled yet.
type queue struct {
	subscriber Subscriber

	mu      sync.Mutex
	changed sync.Cond // there is more room for lines, or nothing is left to handle
	events  []Event
	unread  int  // bytes of lines that wait
	busy    bool // a goroutine hands out events
}

// A builder may write without end, so it waits once maxUnread bytes of lines wait in a
// queue. A line takes more memory than its text: lineOverhead stands for the rest.
const (
	maxUnread    = 1 << 20
	lineOverhead = 64
)

func (l Line) size() int { return lineOverhead + len(l.Text) }

func (q *queue) addLine(ctx context.Context, l Line) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.unread > maxUnread {
		defer context.AfterFunc(ctx, safely.Func(func() { q.free(0) }))()
	}
	for q.unread > maxUnread {
		if ctx.Err() != nil {
			return
		}
		q.changed.Wait()
	}
	q.unread += l.size()
	q.add(l)
}

// free frees room for lines and wakes those who wait for it.
func (q *queue) free(bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.unread -= bytes
	q.changed.Broadcast()
}

// add adds an event. The caller holds the lock.
func (q *queue) add(e Event) {
	q.events = append(q.events, e)
	if !q.busy {
		q.busy = true
		safely.Go(q.run)
	}
}

// run hands out events until none is left.
func (q *queue) run() {
	for {
		events := q.take()
		if len(events) == 0 {
			return
		}
		for _, e := range events {
			q.subscriber.Handle(e)
			if l, ok := e.(Line); ok {
				q.free(l.size())
			}
		}
	}
}

// take takes all events out of the queue.
func (q *queue) take() []Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	events := q.events
	if q.events = nil; len(events) == 0 {
		q.busy = false
		q.changed.Broadcast()
	}
	return events
}
