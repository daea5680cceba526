// Package push copies the outputs of cells that passed to binary caches and other stores, while
// the run continues.
//
// Each target has one process at a time: Nix, which copies several paths at once by itself, or
// the program of the cache. It gets everything that has passed since the last one began. What
// fails is in the [Report] and changes no result of a cell.
package push

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/event"
	"github.com/flakeci/flakeci/runner/outcome"
)

// Options say how to push.
type Options struct {
	Client *nix.Client
	// Store is the store that the client uses, as a URL; empty means Nix's own.
	Store string
	// Env is flakeci's environment as KEY=value, with the credentials. Each target gets only its
	// own.
	Env []string
	// Tmp is a folder for the working directory of programs and for links that keep paths from
	// being collected as garbage.
	Tmp string
	// Refuse reports whether a program on PATH must not be run; nil allows all.
	Refuse func(file string) bool
	// Retries is how often to repeat what fails for a reason that may pass.
	Retries int
	// Timeout limits one process; 0 means no limit. Idle limits how long it may say nothing; 0
	// means half an hour.
	Timeout, Idle time.Duration
	// Redact removes credentials from a text; nil leaves it.
	Redact func(string) string
	// Ended says what ended the context. It is called only then.
	Ended func() string
	// Printf says what a run waits for, and what will not work. It may be nil.
	Printf func(format string, args ...any)
}

// defaultIdle is long: cachix says nothing while it uploads a path, which may take a while on a
// slow line.
const defaultIdle = 30 * time.Minute

// Report is what became of everything that was to be pushed.
type Report struct {
	Pushes   []result.Push
	Warnings []result.Warning
}

// Pusher pushes outputs to targets. A nil Pusher pushes nothing.
type Pusher struct {
	o        Options
	ctx      context.Context
	incoming *queue
	workers  []*worker
	working  sync.WaitGroup
	roots    roots

	mu   sync.Mutex
	seen map[string]*pending // outputs that were added
}

// pending is an output that not every target is done with.
type pending struct {
	left int // targets
	done chan struct{}
}

// New returns a pusher that works until the context ends or [Pusher.Wait] has returned. Without
// targets it returns nil.
func New(ctx context.Context, targets []Target, o Options) *Pusher {
	if len(targets) == 0 {
		return nil
	}
	if o.Redact == nil {
		o.Redact = func(text string) string { return text }
	}
	if o.Idle == 0 {
		o.Idle = defaultIdle
	}
	p := &Pusher{o: o, ctx: ctx, incoming: newQueue(), seen: map[string]*pending{}}
	p.roots = roots{client: o.Client, folder: o.Tmp, groups: map[string]*rootGroup{}}
	for _, t := range targets {
		p.workers = append(p.workers, newWorker(ctx, t, o))
	}
	for _, w := range p.workers {
		p.working.Go(safely.Func(func() { w.work(p.release) }))
	}
	p.working.Go(safely.Func(p.distribute))
	return p
}

// Subscriber returns what pushes the outputs of each cell when it has passed. A cell that was only
// evaluated, or whose result was reused from a base, has no outputs in the store.
func (p *Pusher) Subscriber() event.Subscriber {
	return event.Subscriber{Handle: func(e event.Event) {
		if f, ok := e.(event.Finished); ok {
			p.add(outputsOf(f.Result))
		}
	}}
}

// outputsOf returns what to push of a cell.
func outputsOf(res outcome.Result) []string {
	if res.Reported || res.Status != result.Passed || res.How != result.Built && res.How != result.Cached {
		return nil
	}
	return slices.Sorted(maps.Values(res.OutPaths))
}

// Await waits until every target is done with the outputs of a finished cell.
func (p *Pusher) Await(ctx context.Context, res outcome.Result) {
	if p == nil {
		return
	}
	outputs := outputsOf(res)
	p.add(outputs)
	for _, path := range outputs {
		p.mu.Lock()
		one := p.seen[path]
		p.mu.Unlock()
		if one == nil {
			continue // it has no path
		}
		select {
		case <-one.done:
		case <-ctx.Done():
			return
		}
	}
}

// release says that a target is done with an output.
func (p *Pusher) release(path string) {
	p.roots.release(path)
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.seen[path]
	if one.left--; one.left == 0 {
		close(one.done)
	}
}

// add adds outputs, each once. Those of a cell stay together.
func (p *Pusher) add(paths []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var added []string
	for _, path := range paths {
		if path != "" && p.seen[path] == nil {
			p.seen[path] = &pending{left: len(p.workers), done: make(chan struct{})}
			for _, w := range p.workers {
				w.expect()
			}
			added = append(added, path)
		}
	}
	p.incoming.add(added...)
}

// distribute keeps outputs in the store and passes them on to each target.
func (p *Pusher) distribute() {
	for {
		paths := p.incoming.take()
		if len(paths) == 0 {
			break
		}
		p.roots.keep(p.ctx, paths, len(p.workers))
		for _, w := range p.workers {
			w.queue.add(paths...)
		}
	}
	for _, w := range p.workers {
		w.queue.close()
	}
}

// Wait waits until everything is pushed, or the context has ended, and returns the report. Add
// nothing afterwards.
func (p *Pusher) Wait() Report {
	if p == nil {
		return Report{}
	}
	p.incoming.close()
	stop := p.sayWaiting()
	p.working.Wait()
	stop()
	var r Report
	for _, w := range p.workers {
		r.Pushes = append(r.Pushes, w.pushes...)
		r.Warnings = append(r.Warnings, w.warnings(len(r.Warnings))...)
	}
	return r
}

// How long to wait before saying so, and again.
const (
	firstWait = 2 * time.Second
	nextWait  = 30 * time.Second
)

// sayWaiting says what is still being pushed, until it is stopped.
func (p *Pusher) sayWaiting() (stop func()) {
	ended := make(chan struct{})
	var saying sync.WaitGroup
	saying.Go(safely.Func(func() {
		for after := firstWait; p.o.Printf != nil; after = nextWait {
			select {
			case <-ended:
				return
			case <-time.After(after):
			}
			for _, w := range p.workers {
				if n := w.left(); n > 0 {
					p.o.Printf("still pushing to %s: %s", w.target.Name, outputs(n, "left"))
				}
			}
		}
	}))
	return func() {
		close(ended)
		saying.Wait()
	}
}
