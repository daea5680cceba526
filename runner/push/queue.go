package push

import "sync"

// queue holds paths until someone takes all of them at once. The more time a push takes, the more
// paths the next one has.
type queue struct {
	mu      sync.Mutex
	changed sync.Cond
	paths   []string
	closed  bool
}

func newQueue() *queue {
	q := &queue{}
	q.changed.L = &q.mu
	return q
}

func (q *queue) add(paths ...string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.paths = append(q.paths, paths...)
	q.changed.Signal()
}

// close says that no more paths will come.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Signal()
}

// take waits for paths and returns them, or none once the queue is closed and empty.
func (q *queue) take() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.paths) == 0 && !q.closed {
		q.changed.Wait()
	}
	paths := q.paths
	q.paths = nil
	return paths
}
