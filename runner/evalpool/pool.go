// Package evalpool shares cells to evaluate among few nix processes.
package evalpool

import (
	"context"
	"errors"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/flakeci/flakeci/internal/memory"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/retry"
)

// Pool evaluates queries in nix processes. A process evaluates several cells, one after the other:
// it starts once, and evaluates once what they have in common. A process that runs out of work
// takes half of what is left for the slowest.
//
// The queries given to a process cannot be taken back. A process that is to do less is
// therefore stopped between two cells: because others took the rest, because it used its
// share of the memory, or because a cell took too long. An error ends it too. Whatever is
// left goes to a new process.
type Pool struct {
	ctx       context.Context
	jobs      int           // processes at once
	limit     time.Duration // for each cell; 0 means no limit
	memory    budget
	auxiliary *Memory // processes besides the pool's that share the memory
	// retries is how often a cell is evaluated again after a transient fault.
	retries int

	mu        sync.Mutex
	held      bool     // start nothing yet: more queries will come
	queue     []*Query // in order
	oversized []*Query // those that ran out of memory next to others
	working   []*process
	watched   bool // a goroutine watches the processes
	running   sync.WaitGroup
}

// Options say how a pool works.
type Options struct {
	Jobs    int           // processes at once; 0 means one
	Limit   time.Duration // for each cell; 0 means no limit
	Memory  *Memory       // what all evaluations together may take
	Retries int           // attempts after the first that fails transiently
}

// New returns a pool that works until the context ends. [Pool.Wait] waits for its processes.
func New(ctx context.Context, o Options) *Pool {
	return &Pool{ctx: ctx, jobs: max(o.Jobs, 1), limit: o.Limit, memory: budget{total: o.Memory.Total}, auxiliary: o.Memory, retries: o.Retries}
}

// Wait waits until no process runs. One may still be ending when all queries are answered.
func (p *Pool) Wait() { p.running.Wait() }

// Ask queues a question. [Query.Wait] returns the answer.
func (p *Pool) Ask(target *nix.Target, q question.Question, l Listener) *Query {
	asked := &Query{target: target, question: q, listener: l, done: make(chan struct{})}
	if in, known, err := target.Known(q); known {
		asked.Instance, asked.Err = in, err
		asked.Phase = result.Phase{Name: result.PhaseEval.Name(), Status: result.Passed, Started: time.Now()}
		close(asked.done)
		return asked
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, asked)
	p.schedule()
	return asked
}

// Hold keeps questions waiting until [Pool.Release], so that the pool distributes questions that
// are known at the same time together.
func (p *Pool) Hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = true
}

// Release starts what has been waiting since [Pool.Hold].
func (p *Pool) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = false
	p.schedule()
}

// schedule starts processes while there are queries and room.
func (p *Pool) schedule() {
	if p.held || p.ctx.Err() != nil {
		p.cancel()
		return
	}
	for len(p.working) < p.memory.processes(p.jobs) {
		batch := p.next()
		if len(batch) == 0 {
			break
		}
		p.start(batch, p.memory.keepsGarbage(p.jobs))
	}
	if len(p.working) == 0 && len(p.oversized) > 0 {
		p.memory.single = true
		p.start(p.oversized[:1:1], false)
		p.oversized = p.oversized[1:]
	}
	if len(p.working) > 0 && !p.watched {
		p.watched = true
		safely.Go(p.watch)
	}
}

// cancel answers all waiting queries once the context has ended.
func (p *Pool) cancel() {
	if p.ctx.Err() == nil {
		return
	}
	for _, q := range slices.Concat(p.queue, p.oversized) {
		q.finish(result.Canceled, p.ctx.Err())
	}
	p.queue, p.oversized = nil, nil
}

// next returns the queries for a new process: its share of the queue, or else half of what is left
// for another process.
func (p *Pool) next() []*Query {
	if p.memory.single {
		return nil
	}
	if len(p.queue) == 0 {
		return p.steal()
	}
	n := 0
	var questions []question.Question
	for _, q := range p.queue {
		if q.target != p.queue[0].target {
			break // the base is another flake
		}
		questions = append(questions, q.question)
		n++
	}
	free := p.memory.processes(p.jobs) - len(p.working)
	n = min((n+free-1)/free, nix.Fitting(questions), p.memory.cells(p.jobs))
	batch := slices.Clone(p.queue[:n])
	p.queue = p.queue[n:]
	return batch
}

// startup is roughly what a process costs before its first cell, including what all cells of
// one flake share.
const startup = 250 * time.Millisecond

// steal takes the later half of what is left for the process that will take longest, if that is
// worth a new process.
func (p *Pool) steal() []*Query {
	var from *process
	var most time.Duration
	for _, w := range p.working {
		if left := w.left(); left > most {
			from, most = w, left
		}
	}
	if most < startup {
		return nil
	}
	ahead := len(from.queries) - from.current - 1
	at := len(from.queries) - min((ahead+1)/2, p.memory.cells(p.jobs))
	batch := slices.Clone(from.queries[at:])
	from.queries = from.queries[:at]
	return batch
}

// start starts a process.
func (p *Pool) start(batch []*Query, keepGarbage bool) {
	ctx, cancel := context.WithCancel(p.ctx)
	kill := make(chan struct{})
	var once sync.Once
	w := &process{queries: batch, started: time.Now()}
	w.stop = func(now bool) {
		if now {
			once.Do(func() { close(kill) })
		}
		cancel()
	}
	p.working = append(p.working, w)
	p.begin(w)
	b := nix.Batch{KeepGarbage: keepGarbage}
	for _, q := range batch {
		b.Questions = append(b.Questions, q.question)
	}
	b.Started = func(pid int) {
		p.mu.Lock()
		defer p.mu.Unlock()
		w.pid = pid
	}
	b.Warned = func(all []result.Warning) { p.warned(w, all) }
	b.Answered = func(_ int, in question.Instance, err error) bool { return p.answered(w, in, err) }
	p.running.Go(safely.Func(func() {
		usage, err := batch[0].target.Instantiate(proc.WithKill(ctx, kill), b)
		cancel()
		p.end(w, usage, err)
	}))
}

// begin begins the next cell of a process.
func (p *Pool) begin(w *process) {
	q := w.queries[w.current]
	w.began = time.Now()
	q.started, q.peak = w.began, 0
	q.attempts++
	if q.listener.Started != nil {
		q.listener.Started()
	}
	if p.limit > 0 {
		hand := w.current
		w.timer.Timer = time.AfterFunc(p.limit, safely.Func(func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			if w.current == hand && w.exit == exitNormal {
				w.exit = exitTimeout
				w.stop(false)
			}
		}))
	}
}

// warned keeps the warnings of the current cell of a process, in case it gets no answer.
func (p *Pool) warned(w *process, all []result.Warning) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.current < len(w.queries) {
		w.queries[w.current].Instance.Warnings = all
	}
}

// answered stores the answer for the current cell of a process and reports whether the
// process is to continue.
func (p *Pool) answered(w *process, in question.Instance, err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.current >= len(w.queries) || w.exit == exitTimeout {
		return false // others took the rest, or the answer comes too late
	}
	has := p.measure(w)
	p.memory.learn(w, has)
	q := w.queries[w.current]
	q.Instance = in
	w.timer.stop()
	q.finish("", err)
	if w.current++; w.current >= len(w.queries) {
		// Others took the rest, or there is none.
		return false
	}
	if p.ctx.Err() != nil || w.exit != exitNormal || !p.memory.fitsAnother(p.jobs, has) {
		return false
	}
	w.memoryBefore = has
	p.begin(w)
	return true
}

// end handles the end of a process: its current cell gets the error, the others wait for
// another process.
func (p *Pool) end(w *process, usage proc.Usage, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.timer.stop()
	p.working = slices.DeleteFunc(p.working, func(o *process) bool { return o == w })
	alone := p.memory.single
	p.memory.single = false
	if err == nil && w.exit == exitTimeout {
		err = context.DeadlineExceeded // it answered too late
	}
	if w.current < len(w.queries) && err != nil {
		q := w.queries[w.current]
		if w.current == 0 {
			q.peak = max(q.peak, usage.MaxRSS)
		}
		w.current++
		p.charge(w, q, err, alone)
	}
	if w.current < len(w.queries) {
		p.queue = append(slices.Clone(w.queries[w.current:]), p.queue...)
	}
	p.schedule()
}

// charge finishes the cell that a process was evaluating when it ended.
func (p *Pool) charge(w *process, q *Query, err error, alone bool) {
	var died *proc.Error
	killed := errors.As(err, &died) && died.Err == nil && died.Signal == syscall.SIGKILL
	refused := nix.MachineFault(err) == result.CauseMemory
	tooMuch := w.exit == exitMemory || killed || refused
	switch {
	case p.ctx.Err() != nil:
		q.finish(result.Canceled, err)
	case w.exit == exitTimeout:
		q.finish(result.TimedOut, err)
	case !tooMuch && nix.Transient(err) && q.faults < p.retries:
		p.retry(q, err)
	case !tooMuch:
		q.finish("", err)
	case !alone:
		p.memory.first = max(p.memory.first, q.peak)
		p.oversized = append(p.oversized, q)
	default:
		q.finish("", &MemoryError{Peak: q.peak, Budget: p.memory.total, Killed: killed && w.exit != exitMemory, Refused: refused && w.exit != exitMemory})
	}
}

// retry queues a question again after a pause.
func (p *Pool) retry(q *Query, err error) {
	q.faults++
	if q.listener.Retrying != nil {
		q.listener.Retrying(err)
	}
	safely.Go(func() {
		goesOn := retry.Pause(p.ctx, q.faults)
		p.mu.Lock()
		defer p.mu.Unlock()
		if !goesOn {
			q.finish(result.Canceled, err)
			return
		}
		p.queue = append(p.queue, q)
		p.schedule()
	})
}

// How often to measure processes: often enough that none exceeds its memory by much in
// between, and seldom while there is plenty.
const (
	watchOften  = 10 * time.Millisecond
	watchSeldom = 40 * time.Millisecond
)

// watch measures the processes while there are any.
func (p *Pool) watch() {
	wait := watchOften
	for {
		time.Sleep(wait)
		p.mu.Lock()
		if len(p.working) == 0 {
			p.watched = false
			p.mu.Unlock()
			return
		}
		wait = watchOften
		if p.enforceBudget() < p.memory.total/2 || p.memory.total == 0 {
			wait = watchSeldom
		}
		p.schedule() // a process may turn out slower than expected
		p.mu.Unlock()
	}
}

// measure returns the resident memory of a process, in bytes.
func (p *Pool) measure(w *process) int64 {
	if w.pid == 0 {
		return 0
	}
	has := memory.Resident(w.pid)
	if w.current < len(w.queries) {
		q := w.queries[w.current]
		q.peak = max(q.peak, has)
	}
	return has
}

// enforceBudget kills the largest process if all together are about to exceed the budget. It
// returns their resident memory in bytes.
func (p *Pool) enforceBudget() (all int64) {
	p.memory.measure(p.auxiliary)
	all = p.memory.own
	var largest *process
	var most int64
	for _, w := range p.working {
		has := p.measure(w)
		all += has
		if w.exit == exitMemory {
			return all // its memory is about to be freed
		}
		if has > most {
			largest, most = w, has
		}
	}
	if p.memory.single {
		most = 0 // nothing may run next to it
	}
	if p.memory.exceeded(all) && !p.auxiliary.killLargest(most) && largest != nil {
		largest.exit = exitMemory
		largest.stop(true)
	}
	return all
}
