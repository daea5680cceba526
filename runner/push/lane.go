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

// lane pushes to one target.
type lane struct {
	target Target
	o      Options
	ctx    context.Context
	queue  *queue
	way    way
	count  *counter

	mu       sync.Mutex
	expected int

	pushes   []result.Push
	unsigned int // outputs that were pushed to a binary cache without a signature
	failures []*failure
	broken   error // why nothing is tried any more: a push hung, and the next one would, too
}

// way is how to push to a target.
type way interface {
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

// newLane returns the lane of a target, even if that cannot be pushed to: then all fails.
func newLane(ctx context.Context, t Target, o Options) *lane {
	l := &lane{target: t, o: o, ctx: ctx, queue: newQueue(), count: newCounter(o)}
	if t.program == "" {
		l.way = store{client: o.Client, target: t, env: t.owner.Of(o.Env)}
	} else {
		l.way = newProgram(t, o)
	}
	return l
}

// expect says that another output will come.
func (l *lane) expect() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expected++
}

// left returns how many outputs have not ended yet.
func (l *lane) left() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.expected - len(l.pushes)
}

// maxBatch is how many outputs one process gets: few enough for every command line.
const maxBatch = 200

// work pushes until the queue is closed.
func (l *lane) work(release func(path string)) {
	for {
		paths := l.queue.take()
		if len(paths) == 0 {
			return
		}
		for batch := range slices.Chunk(paths, maxBatch) {
			l.batch(batch)
			for _, path := range batch {
				release(path)
			}
		}
	}
}

// batch pushes some outputs together, and one by one if that fails: one output that is spoiled
// must not keep the others back.
func (l *lane) batch(paths []string) {
	if l.ctx.Err() != nil {
		l.end(result.PushSkipped, l.o.Ended(), paths...)
		return
	}
	if l.broken != nil {
		l.fail(l.broken, paths...)
		return
	}
	signed, err := l.o.Client.Signed(l.ctx, paths)
	if err != nil {
		l.fail(err, paths...)
		return
	}
	var here []string
	for _, path := range paths {
		if _, ok := signed[path]; ok {
			here = append(here, path)
		} else {
			l.end(result.PushSkipped, "it is not in the store", path)
		}
	}
	if len(here) == 0 {
		return
	}
	s, err := l.try(here)
	switch {
	case err == nil:
		l.succeed(s, nil, signed, here...)
	case len(here) == 1 || l.ctx.Err() != nil || nix.Transient(err) || hung(err): // the server is to blame, not an output
		l.fail(err, here...)
	default:
		l.oneByOne(here, s, signed)
	}
}

// maxFailures is how many outputs in a row may fail before the others are given up.
const maxFailures = 2

// oneByOne pushes outputs that failed together. Before is what that attempt did.
func (l *lane) oneByOne(paths []string, before sent, signed map[string]bool) {
	failures := 0
	for i, path := range paths {
		s, err := l.try([]string{path})
		if err == nil {
			failures = 0
			l.succeed(s, before.started, signed, path)
			continue
		}
		if failures++; failures == maxFailures || l.ctx.Err() != nil {
			l.fail(err, paths[i:]...)
			return
		}
		l.fail(err, path)
	}
}

// try runs one push, and repeats it if that may help.
func (l *lane) try(paths []string) (all sent, err error) {
	err = retry.Do(l.ctx, l.o.Retries, func() error {
		return l.watch(func(ctx context.Context, alive func()) error {
			s, err := l.way.push(ctx, paths, alive)
			all.started = append(all.started, s.started...)
			all.paths, all.nothing = s.paths, s.nothing && len(all.started) == 0
			return err
		})
	}, func(error) {})
	if hung(err) {
		l.broken = err
	}
	return all, err
}

// succeed records outputs that the target has now. Earlier are paths that an earlier attempt began
// to copy.
func (l *lane) succeed(s sent, earlier []string, signed map[string]bool, paths ...string) {
	counts := l.count.of(l.ctx, paths, append(slices.Clone(earlier), s.started...))
	for i, path := range paths {
		p := result.Push{To: l.target.Name, Path: path, Status: result.Pushed, Paths: counts[i].paths, Bytes: counts[i].bytes}
		if i == 0 {
			p.Paths += s.paths
		}
		// It may have been copied with another output that needs it.
		if p.Paths == 0 && !l.count.counted[path] && (s.nothing || s.started != nil) {
			p.Status = result.PushPresent
		}
		if p.Status == result.Pushed && l.target.isCache() && !l.target.signs() && !signed[path] {
			l.unsigned++
		}
		l.add(p)
	}
}

// fail records outputs that the target lacks.
func (l *lane) fail(err error, paths ...string) {
	if l.ctx.Err() != nil {
		l.end(result.PushSkipped, l.o.Ended(), paths...)
		return
	}
	f := l.failure(err)
	i := slices.IndexFunc(l.failures, func(o *failure) bool { return o.title == f.title })
	if i < 0 {
		i = len(l.failures)
		l.failures = append(l.failures, f)
	}
	l.failures[i].outputs += len(paths)
	l.end(result.PushFailed, f.title, paths...)
}

func (l *lane) end(status result.PushStatus, message string, paths ...string) {
	for _, path := range paths {
		l.add(result.Push{To: l.target.Name, Path: path, Status: status, Message: message})
	}
}

func (l *lane) add(p result.Push) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pushes = append(l.pushes, p)
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
