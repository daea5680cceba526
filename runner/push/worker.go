package push

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/retry"
)

// worker pushes to one target.
type worker struct {
	target Target
	o      Options
	ctx    context.Context
	queue  *queue
	method method
	count  *counter

	mu       sync.Mutex
	expected int

	pushes   []result.Push
	unsigned int // outputs that were pushed to a binary cache without a signature
	failures []*failure
	broken   error // why nothing is tried any more: a push hung, and the next one would, too
}

// method is how to push to a target.
type method interface {
	// push pushes outputs with what they need. Alive is called whenever it gets on. Started are the
	// paths that it began to copy, as far as it says which. The error says why some may be missing.
	push(ctx context.Context, outputs []string, alive func()) (sent, error)
}

// sent is what a push did.
type sent struct {
	started []string // paths that it began to copy, if it names them
	paths   int      // how many it copied, if it only says that
	nothing bool     // the target had everything
}

// newWorker returns the worker for a target, even if that cannot be pushed to: then all fails.
func newWorker(ctx context.Context, t Target, o Options) *worker {
	w := &worker{target: t, o: o, ctx: ctx, queue: newQueue(), count: newCounter(o)}
	if t.program == "" {
		w.method = store{client: o.Client, target: t, env: t.owner.Of(o.Env)}
	} else {
		w.method = newProgram(t, o)
	}
	return w
}

// expect says that another output will come.
func (w *worker) expect() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expected++
}

// left returns how many outputs have not ended yet.
func (w *worker) left() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.expected - len(w.pushes)
}

// maxBatch is how many outputs one process gets: few enough for every command line.
const maxBatch = 200

// work pushes until the queue is closed.
func (w *worker) work(release func(path string)) {
	for {
		paths := w.queue.take()
		if len(paths) == 0 {
			return
		}
		for batch := range slices.Chunk(paths, maxBatch) {
			w.batch(batch)
			for _, path := range batch {
				release(path)
			}
		}
	}
}

// batch pushes some outputs together, and one by one if that fails: one output that is spoiled
// must not keep the others back.
func (w *worker) batch(paths []string) {
	if w.ctx.Err() != nil {
		w.end(result.PushSkipped, w.o.Ended(), paths...)
		return
	}
	if w.broken != nil {
		w.fail(w.broken, paths...)
		return
	}
	signed, err := w.o.Client.Signed(w.ctx, paths)
	if err != nil {
		w.fail(err, paths...)
		return
	}
	var here []string
	for _, path := range paths {
		if _, ok := signed[path]; ok {
			here = append(here, path)
		} else {
			w.end(result.PushSkipped, "it is not in the store", path)
		}
	}
	if len(here) == 0 {
		return
	}
	s, err := w.try(here)
	switch {
	case err == nil:
		w.succeed(s, nil, signed, here...)
	case len(here) == 1 || w.ctx.Err() != nil || nix.Transient(err) || hung(err): // the server is to blame, not an output
		w.fail(err, here...)
	default:
		w.oneByOne(here, s, signed)
	}
}

// maxFailures is how many outputs in a row may fail before the others are given up.
const maxFailures = 2

// oneByOne pushes outputs that failed together. Before is what that attempt did.
func (w *worker) oneByOne(paths []string, before sent, signed map[string]bool) {
	failures := 0
	for i, path := range paths {
		s, err := w.try([]string{path})
		if err == nil {
			failures = 0
			w.succeed(s, before.started, signed, path)
			continue
		}
		if failures++; failures == maxFailures || w.ctx.Err() != nil {
			w.fail(err, paths[i:]...)
			return
		}
		w.fail(err, path)
	}
}

// try runs one push, and repeats it if that may help.
func (w *worker) try(paths []string) (all sent, err error) {
	err = retry.Do(w.ctx, w.o.Retries, func() error {
		return w.watch(func(ctx context.Context, alive func()) error {
			s, err := w.method.push(ctx, paths, alive)
			all.started = append(all.started, s.started...)
			all.paths, all.nothing = s.paths, s.nothing && len(all.started) == 0
			return err
		})
	}, func(error) {})
	if hung(err) {
		w.broken = err
	}
	return all, err
}

// succeed records outputs that the target has now. Earlier are paths that an earlier attempt began
// to copy.
func (w *worker) succeed(s sent, earlier []string, signed map[string]bool, paths ...string) {
	counts := w.count.of(w.ctx, paths, append(slices.Clone(earlier), s.started...))
	for i, path := range paths {
		p := result.Push{To: w.target.Name, Path: path, Status: result.Pushed, Paths: counts[i].paths, Bytes: counts[i].bytes}
		if i == 0 {
			p.Paths += s.paths
		}
		// It may have been copied with another output that needs it.
		if p.Paths == 0 && !w.count.counted[path] && (s.nothing || s.started != nil) {
			p.Status = result.PushPresent
		}
		if p.Status == result.Pushed && w.target.isCache() && !w.target.signs() && !signed[path] {
			w.unsigned++
		}
		w.add(p)
	}
}

// maxCauses is how many causes of failed pushes are reported: each may be about another output.
const maxCauses = 10

// fail records outputs that the target lacks.
func (w *worker) fail(err error, paths ...string) {
	if w.ctx.Err() != nil {
		w.end(result.PushSkipped, w.o.Ended(), paths...)
		return
	}
	f := w.failure(err)
	message := f.title
	same := func(o *failure) bool { return o.title == f.title }
	i := slices.IndexFunc(w.failures, same)
	if i < 0 && len(w.failures) >= maxCauses {
		f = &failure{title: "more reasons are in pushes of report.json"}
		i = slices.IndexFunc(w.failures, same)
	}
	if i < 0 {
		i = len(w.failures)
		w.failures = append(w.failures, f)
	}
	w.failures[i].outputs += len(paths)
	w.end(result.PushFailed, message, paths...)
}

func (w *worker) end(status result.PushStatus, message string, paths ...string) {
	for _, path := range paths {
		w.add(result.Push{To: w.target.Name, Path: path, Status: status, Message: message})
	}
}

func (w *worker) add(p result.Push) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pushes = append(w.pushes, p)
}

// outputs counts outputs: "1 output", "3 outputs left".
func outputs(n int, more string) string {
	text := fmt.Sprintf("%d outputs", n)
	if n == 1 {
		text = "1 output"
	}
	if more != "" {
		text += " " + more
	}
	return text
}
