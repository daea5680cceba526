package qmp

import (
	"errors"
	"sync"

	"github.com/flakeci/flakeci/internal/safely"
)

// afterwards is how many events can still be read after Close.
const afterwards = 256

// How much may wait to be read, and how long one event may be, in bytes. QEMU's events
// have some hundred.
const (
	maxWaiting = 4 << 20
	maxEvent   = 16 << 10
)

// size is about what an event takes in memory, in bytes.
func (e Event) size() int {
	const header = 100
	return header + len(e.Name) + len(e.Data)
}

var errFlood = errors.New("QEMU sends more events than are read")

// queue hands on events through a channel and holds as many as are not read yet,
// so that whoever puts one in never waits.
type queue struct {
	out    chan Event
	wake   chan struct{} // has one in it when there is something new
	mu     sync.Mutex
	events []Event
	bytes  int // of them
	ended  bool
}

// newQueue returns a queue that hands on until it has ended and is empty, or
// until given up, when it keeps only what the channel still takes.
func newQueue(givenUp <-chan struct{}) *queue {
	q := &queue{out: make(chan Event, afterwards), wake: make(chan struct{}, 1)}
	safely.Go(func() { q.handOn(givenUp) })
	return q
}

// put adds an event, unless too much waits already.
func (q *queue) put(e Event) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if e.size() > maxEvent || q.bytes+e.size() > maxWaiting {
		return errFlood
	}
	q.bytes += e.size()
	q.events = append(q.events, e)
	q.stir()
	return nil
}

// end says that there will be no more.
func (q *queue) end() {
	q.mu.Lock()
	q.ended = true
	q.mu.Unlock()
	q.stir()
}

func (q *queue) stir() {
	select {
	case q.wake <- struct{}{}:
	default: // it is awake
	}
}

// take returns all that is in the queue, and whether that is the last.
func (q *queue) take() ([]Event, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	events := q.events
	q.events = nil
	return events, q.ended
}

// handed says that an event waits no more.
func (q *queue) handed(e Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bytes -= e.size()
}

// handOn moves events into the channel, and closes it after the last.
func (q *queue) handOn(givenUp <-chan struct{}) {
	defer close(q.out)
	for range q.wake {
		events, last := q.take()
		for _, e := range events {
			if !q.send(e, givenUp) {
				return
			}
			q.handed(e)
		}
		if last {
			return
		}
	}
}

// send gives one event to the reader. Without one it waits, until nobody is
// expected to read any more and the channel is full.
func (q *queue) send(e Event, givenUp <-chan struct{}) bool {
	select {
	case q.out <- e: // first of all, as select has no favourites
		return true
	default:
	}
	select {
	case q.out <- e:
		return true
	case <-givenUp:
		return false
	}
}
