package runner

import (
	"context"
	"errors"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/flakeci/flakeci/internal/memory"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/outcome"
)

// evaluators share the cells to evaluate among processes. A process takes
// several, one after the other: it starts once, and what they have in common is
// evaluated once. Who runs dry takes half of what the slowest still has before it.
//
// What is fed to a process cannot be taken back, so a process that is to do less
// is ended between two cells: because others took the rest, because it took its
// share of the memory, or because the cell before took too long. An error ends it
// as well. What was left goes into a new one.
type evaluators struct {
	ctx    context.Context
	jobs   int           // processes at once
	limit  time.Duration // for each cell; 0 is none
	memory budget
	beside *Memory // what else takes of it
	// retries is how often a cell is tried again after a fault that may be gone then.
	retries int

	mu      sync.Mutex
	held    bool     // nothing starts yet, for more is to come
	queue   []*query // in order
	alone   []*query // those that ran out of memory beside others
	working []*evaluator
	watched bool // somebody looks at the processes now and then
	running sync.WaitGroup
}

// ask takes in a question. Its answer is complete when done is closed.
func (e *evaluators) ask(target *nix.Target, q nix.Question, l listener) *query {
	asked := &query{target: target, question: q, tell: l, done: make(chan struct{})}
	if in, ok := target.Known(q); ok {
		asked.instance = in
		asked.phase = outcome.Phase{Phase: result.Phase{Name: result.PhaseEval.Name(), Status: result.Passed, Started: time.Now()}}
		close(asked.done)
		return asked
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.queue = append(e.queue, asked)
	e.schedule()
	return asked
}

// hold keeps questions waiting until release: those that are known together are
// shared out together.
func (e *evaluators) hold() { e.held = true }

func (e *evaluators) release() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.held = false
	e.schedule()
}

// schedule starts processes as long as there is something for them, and room.
func (e *evaluators) schedule() {
	if e.held || e.ctx.Err() != nil {
		e.cancel()
		return
	}
	for len(e.working) < e.memory.processes(e.jobs) {
		batch := e.next()
		if len(batch) == 0 {
			break
		}
		e.start(batch, e.memory.keepsGarbage(e.jobs))
	}
	if len(e.working) == 0 && len(e.alone) > 0 {
		e.memory.single = true
		e.start(e.alone[:1:1], false)
		e.alone = e.alone[1:]
	}
	if len(e.working) > 0 && !e.watched {
		e.watched = true
		safely.Go(e.watch)
	}
}

// cancel answers what will not be asked any more.
func (e *evaluators) cancel() {
	if e.ctx.Err() == nil {
		return
	}
	for _, q := range slices.Concat(e.queue, e.alone) {
		q.finish(result.Canceled, e.ctx.Err())
	}
	e.queue, e.alone = nil, nil
}

// next is what a new process takes in hand: its part of what waits, or else of
// what another has before it.
func (e *evaluators) next() []*query {
	if e.memory.single {
		return nil
	}
	if len(e.queue) == 0 {
		return e.steal()
	}
	n := 0
	var questions []nix.Question
	for _, q := range e.queue {
		if q.target != e.queue[0].target {
			break // the base is another flake
		}
		questions = append(questions, q.question)
		n++
	}
	free := e.memory.processes(e.jobs) - len(e.working)
	n = min((n+free-1)/free, nix.Fitting(questions), e.memory.cells(e.jobs))
	batch := slices.Clone(e.queue[:n])
	e.queue = e.queue[n:]
	return batch
}

// startup is about what a process costs before it evaluates anything, with what
// cells of one flake share.
const startup = 250 * time.Millisecond

// steal takes the later half of what the process that will need longest has
// before it, if that is worth a process.
func (e *evaluators) steal() []*query {
	var from *evaluator
	var most time.Duration
	for _, w := range e.working {
		if left := w.left(); left > most {
			from, most = w, left
		}
	}
	if most < startup {
		return nil
	}
	ahead := len(from.list) - from.hand - 1
	at := len(from.list) - min((ahead+1)/2, e.memory.cells(e.jobs))
	batch := slices.Clone(from.list[at:])
	from.list = from.list[:at]
	return batch
}

// start runs a process.
func (e *evaluators) start(batch []*query, keepGarbage bool) {
	ctx, cancel := context.WithCancel(e.ctx)
	kill := make(chan struct{})
	var once sync.Once
	w := &evaluator{list: batch, started: time.Now()}
	w.stop = func(now bool) {
		if now {
			once.Do(func() { close(kill) })
		}
		cancel()
	}
	e.working = append(e.working, w)
	e.takeInHand(w)
	b := nix.Batch{KeepGarbage: keepGarbage}
	for _, q := range batch {
		b.Questions = append(b.Questions, q.question)
	}
	b.Started = func(pid int) {
		e.mu.Lock()
		defer e.mu.Unlock()
		w.pid = pid
	}
	b.Warned = func(text string) { e.warned(w, text) }
	b.Answered = func(_ int, in nix.Instance, err error) bool { return e.answered(w, in, err) }
	e.running.Go(safely.Func(func() {
		usage, err := batch[0].target.Instantiate(proc.WithKill(ctx, kill), b)
		cancel()
		e.end(w, usage, err)
	}))
}

// takeInHand begins with the next cell of a process.
func (e *evaluators) takeInHand(w *evaluator) {
	q := w.list[w.hand]
	w.began = time.Now()
	q.started, q.peak = w.began, 0
	q.attempts++
	if q.tell.began != nil {
		q.tell.began()
	}
	if e.limit > 0 {
		hand := w.hand
		w.timer.Timer = time.AfterFunc(e.limit, safely.Func(func() {
			e.mu.Lock()
			defer e.mu.Unlock()
			if w.hand == hand && w.ended == byItself {
				w.ended = byTimeout
				w.stop(false)
			}
		}))
	}
}

// warned hands on a warning of what a process has in hand.
func (e *evaluators) warned(w *evaluator, text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if w.hand < len(w.list) && w.list[w.hand].tell.warned != nil {
		w.list[w.hand].tell.warned(text)
	}
}

// answered takes in the answer to what a process has in hand, and says whether it
// is to go on.
func (e *evaluators) answered(w *evaluator, in nix.Instance, err error) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if w.hand >= len(w.list) || w.ended == byTimeout {
		return false // the rest is others', or it comes too late
	}
	has := e.look(w)
	e.memory.learn(w, has)
	q := w.list[w.hand]
	q.instance = in
	w.timer.stop()
	q.finish("", err)
	if w.hand++; w.hand >= len(w.list) {
		// The rest was taken by others, or there is none.
		return false
	}
	if e.ctx.Err() != nil || w.ended != byItself || !e.memory.goesOn(e.jobs, has) {
		return false
	}
	w.before = has
	e.takeInHand(w)
	return true
}

// end takes in the end of a process: what it had in hand is charged with an error,
// the rest waits for another.
func (e *evaluators) end(w *evaluator, usage proc.Usage, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w.timer.stop()
	e.working = slices.DeleteFunc(e.working, func(o *evaluator) bool { return o == w })
	alone := e.memory.single
	e.memory.single = false
	if err == nil && w.ended == byTimeout {
		err = context.DeadlineExceeded // it answered too late
	}
	if w.hand < len(w.list) && err != nil {
		q := w.list[w.hand]
		if w.hand == 0 {
			q.peak = max(q.peak, usage.MaxRSS)
		}
		w.hand++
		e.charge(w, q, err, alone)
	}
	if w.hand < len(w.list) {
		e.queue = append(slices.Clone(w.list[w.hand:]), e.queue...)
	}
	e.schedule()
}

// charge ends what a process had in hand when it ended.
func (e *evaluators) charge(w *evaluator, q *query, err error, alone bool) {
	var died *proc.Error
	killed := errors.As(err, &died) && died.Err == nil && died.Signal == syscall.SIGKILL
	refused := nix.MachineFault(err) == result.CauseMemory
	tooMuch := w.ended == byMemory || killed || refused
	switch {
	case e.ctx.Err() != nil:
		q.finish(result.Canceled, err)
	case w.ended == byTimeout:
		q.finish(result.TimedOut, err)
	case !tooMuch && nix.Transient(err) && q.faults < e.retries:
		e.retry(q, err)
	case !tooMuch:
		q.finish("", err)
	case !alone:
		e.memory.first = max(e.memory.first, q.peak)
		e.alone = append(e.alone, q)
	default:
		q.finish("", &memoryError{Peak: q.peak, Budget: e.memory.total, Killed: killed && w.ended != byMemory, Refused: refused && w.ended != byMemory})
	}
}

// retry puts a question again after a while.
func (e *evaluators) retry(q *query, err error) {
	q.faults++
	if q.tell.again != nil {
		q.tell.again(err)
	}
	safely.Go(func() {
		goesOn := pause(e.ctx, q.faults, e.retries)
		e.mu.Lock()
		defer e.mu.Unlock()
		if !goesOn {
			q.finish(result.Canceled, err)
			return
		}
		e.queue = append(e.queue, q)
		e.schedule()
	})
}

// How often processes are looked at: often enough that none takes much more than
// it may between two looks, and seldom while there is more than enough.
const (
	watchOften  = 10 * time.Millisecond
	watchSeldom = 40 * time.Millisecond
)

// watch looks at the processes as long as there are any.
func (e *evaluators) watch() {
	wait := watchOften
	for {
		time.Sleep(wait)
		e.mu.Lock()
		if len(e.working) == 0 {
			e.watched = false
			e.mu.Unlock()
			return
		}
		wait = watchOften
		if e.enforce() < e.memory.total/2 || e.memory.total == 0 {
			wait = watchSeldom
		}
		e.schedule() // somebody may be slower than was to be seen before
		e.mu.Unlock()
	}
}

// look reads what a process has in memory now.
func (e *evaluators) look(w *evaluator) int64 {
	if w.pid == 0 {
		return 0
	}
	has := memory.Resident(w.pid)
	if w.hand < len(w.list) {
		q := w.list[w.hand]
		q.peak = max(q.peak, has)
	}
	return has
}

// enforce ends the largest process if all together are about to take more than
// they may, and gives what they have.
func (e *evaluators) enforce() (all int64) {
	e.memory.measure(e.beside)
	all = e.memory.own
	var largest *evaluator
	var most int64
	for _, w := range e.working {
		has := e.look(w)
		all += has
		if w.ended == byMemory {
			return all // its memory is about to be free
		}
		if has > most {
			largest, most = w, has
		}
	}
	if e.memory.single {
		most = 0 // for which there is to be nothing beside it
	}
	if e.memory.exceeded(all) && !e.beside.endLargest(most) && largest != nil {
		largest.ended = byMemory
		largest.stop(true)
	}
	return all
}
