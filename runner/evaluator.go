package runner

import "time"

// evaluator is a process at work.
type evaluator struct {
	list []*query // what it has and had to do; what others took is cut off
	hand int      // which of them it is at
	pid  int
	stop func(kill bool)

	began   time.Time // when it took in hand what it is at
	started time.Time
	before  int64 // what it had in memory then, in bytes
	timer   timer
	ended   ending // why it was ended
}

// timer limits a cell; nil does not.
type timer struct{ *time.Timer }

func (t timer) stop() {
	if t.Timer != nil {
		t.Stop()
	}
}

// ending is why a process was ended before it had done all.
type ending int

const (
	byItself ending = iota
	byTimeout
	byMemory
)

// left is how long it will take for what is behind the cell that it is at.
func (w *evaluator) left() time.Duration {
	ahead := len(w.list) - w.hand - 1
	if ahead <= 0 || w.ended != byItself {
		return 0
	}
	pace := time.Since(w.began)
	if w.hand > 0 {
		pace = max(pace, w.began.Sub(w.started)/time.Duration(w.hand))
	}
	return time.Duration(ahead) * pace
}
