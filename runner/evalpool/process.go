package evalpool

import "time"

// process is a running nix process that evaluates queries.
type process struct {
	queries []*Query // done and still to do, without what others took
	current int      // index of the query it is evaluating
	pid     int
	stop    func(kill bool)

	began        time.Time // when it began the current query
	started      time.Time
	memoryBefore int64 // resident when it began the current query, in bytes
	timer        timer
	exit         exit // why the pool ended it
}

// timer limits a query. The zero value does not.
type timer struct{ *time.Timer }

func (t timer) stop() {
	if t.Timer != nil {
		t.Stop()
	}
}

// exit says why the pool ended a process before it had done all its queries.
type exit int

const (
	exitNormal exit = iota // the pool did not end it
	exitTimeout
	exitMemory
)

// left estimates how long the process needs for the queries after the current one.
func (w *process) left() time.Duration {
	ahead := len(w.queries) - w.current - 1
	if ahead <= 0 || w.exit != exitNormal {
		return 0
	}
	pace := time.Since(w.began)
	if w.current > 0 {
		pace = max(pace, w.began.Sub(w.started)/time.Duration(w.current))
	}
	return time.Duration(ahead) * pace
}
