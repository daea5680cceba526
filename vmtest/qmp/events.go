package qmp

import (
	"errors"
	"sync"

	"github.com/flakeci/flakeci/internal/safely"
)

// eventsAfterClose is how many events can still be read after Close.
const eventsAfterClose = 256

// Limits on unread events and on one event, in bytes. QEMU's events have a few hundred.
const (
	maxWaiting = 4 << 20
	maxEvent   = 16 << 10
)

// size is about how many bytes an event takes in memory.
func (e Event) size() int {
	const header = 100
	return header + len(e.Name) + len(e.Data)
}

var errTooManyEvents = errors.New("QEMU sends more events than are read")

// queue delivers events through a channel and stores unread ones, so that put never blocks.
type queue struct {
	out    chan Event
	wake   chan struct{} // holds a value if there is something new
	mu     sync.Mutex
	events []Event
	bytes  int // of events
	ended  bool
}

// newQueue returns a queue that delivers until it has ended and is empty. Once closed is
// closed, it keeps only what fits into the channel.
func newQueue(closed <-chan struct{}) *queue {
	q := &queue{out: make(chan Event, eventsAfterClose), wake: make(chan struct{}, 1)}
	safely.Go(func() { q.deliver(closed) })
	return q
}

// put adds an event, unless too many wait already.
func (q *queue) put(e Event) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if e.size() > maxEvent || q.bytes+e.size() > maxWaiting {
		return errTooManyEvents
	}
	q.bytes += e.size()
	q.events = append(q.events, e)
	q.notify()
	return nil
}

// end marks the end of the events.
func (q *queue) end() {
	q.mu.Lock()
	q.ended = true
	q.mu.Unlock()
	q.notify()
}

func (q *queue) notify() {
	select {
	case q.wake <- struct{}{}:
	default: // it is awake
	}
}

// take returns all events in the queue, and whether they are the last.
func (q *queue) take() ([]Event, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	events := q.events
	q.events = nil
	return events, q.ended
}

// delivered frees the memory of an event in the count.
func (q *queue) delivered(e Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bytes -= e.size()
}

// deliver moves events into the channel, and closes it after the last.
func (q *queue) deliver(closed <-chan struct{}) {
	defer close(q.out)
	for range q.wake {
		events, last := q.take()
		for _, e := range events {
			if !q.send(e, closed) {
				return
			}
			q.delivered(e)
		}
		if last {
			return
		}
	}
}

// send sends an event. It returns false if the channel is full and closed is closed.
func (q *queue) send(e Event, closed <-chan struct{}) bool {
	select {
	case q.out <- e: // preferred; the select below chooses at random
		return true
	default:
	}
	select {
	case q.out <- e:
		return true
	case <-closed:
		return false
	}
}
