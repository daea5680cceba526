package nix

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/flakeci/flakeci/internal/nix/storepath"
)

// Closure is the store paths that some paths need to run, including themselves. Each has
// the size of its archive in bytes.
type Closure map[string]int64

// Closures looks up closures and remembers each path, as the closures of a fleet share most
// of them. Several goroutines may use it: they wait for each other, and then find most paths
// known.
type Closures struct {
	client *Client
	tmp    string
	// timeout limits one call that asks a substituter.
	timeout time.Duration
	busy    chan struct{} // a lock; a context can end the wait for it

	known        map[string]pathInfo
	substituters []string
	listed       bool // substituters is set
	failed       []SubstituterError
}

// substituterTimeout is long: one call with a few dozen paths usually takes a second or two.
const substituterTimeout = 20 * time.Second

// Closures returns an empty memory of closures. It keeps temporary files in the folder tmp.
func (c *Client) Closures(tmp string) *Closures {
	return &Closures{client: c, tmp: tmp, timeout: substituterTimeout, busy: make(chan struct{}, 1), known: map[string]pathInfo{}}
}

// MissingError reports an unknown closure: some of its paths are neither in the store nor in
// a substituter that answered.
type MissingError struct {
	// Paths are the nearest missing paths. There may be more: it is unknown what a missing
	// path needs.
	Paths []string
	// Substituters is how many are set up. Failed lists the ones that did not answer.
	Substituters int
	Failed       []SubstituterError
}

func (e *MissingError) Error() string {
	what := storepath.Name(e.Paths[0])
	switch n := len(e.Paths) - 1; {
	case n == 1:
		what += " and 1 other path are"
	case n > 1:
		what += fmt.Sprintf(" and %d other paths are", n)
	default:
		what += " is"
	}
	text := what + " not in the store"
	switch n := len(e.Failed); {
	case n == 1:
		return text + ", and a substituter could not be queried: " + e.Failed[0].Error()
	case n > 1:
		return text + fmt.Sprintf(", and %d substituters could not be queried, the first of them %s", n, e.Failed[0].Error())
	case e.Substituters == 0:
		return text + ", and there is no substituter"
	}
	return what + " in neither the store nor a substituter"
}

// Of returns the closure of some paths together, without building or fetching anything. The
// error is a [*MissingError] if it is unknown.
func (s *Closures) Of(ctx context.Context, paths []string) (Closure, error) {
	select {
	case s.busy <- struct{}{}:
		defer func() { <-s.busy }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	search := &search{Closures: s}
	for {
		closure, unknown := s.walk(paths)
		if len(unknown) == 0 {
			return closure, nil
		}
		if err := search.lookUp(ctx, unknown); err != nil {
			return nil, err
		}
		if missing := s.unknown(unknown); len(missing) > 0 {
			return nil, &MissingError{Paths: missing, Substituters: len(s.substituters), Failed: s.failed}
		}
	}
}

// walk follows references as far as they are known. It also returns the paths at which it
// had to stop, the nearest first.
func (s *Closures) walk(paths []string) (closure Closure, unknown []string) {
	closure = Closure{}
	seen := map[string]bool{}
	for queue := slices.Clone(paths); len(queue) > 0; queue = queue[1:] {
		path := queue[0]
		if seen[path] {
			continue
		}
		seen[path] = true
		info, ok := s.known[path]
		if !ok {
			unknown = append(unknown, path)
			continue
		}
		closure[path] = info.NarSize
		queue = append(queue, info.References...)
	}
	return closure, unknown
}

// unknown returns the paths that nothing is known about.
func (s *Closures) unknown(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(p string) bool { _, ok := s.known[p]; return ok })
}

// remember adds the paths that were asked for, and ignores others: a store must not supply facts
// about those.
func (s *Closures) remember(infos []pathInfo, wanted []string) (found []string) {
	for _, info := range infos {
		if slices.Contains(wanted, info.Path) {
			s.known[info.Path] = info
			found = append(found, info.Path)
		}
	}
	return found
}

// localBatch is how many paths fit on the command line of every system.
const localBatch = 1000

// local asks the client's own store. If it has a path, it also has everything that the path needs.
func (s *Closures) local(ctx context.Context, paths []string) error {
	for batch := range slices.Chunk(paths, localBatch) {
		infos, err := s.client.pathInfos(ctx, batch)
		if err != nil {
			return err
		}
		found := s.remember(infos, batch)
		if _, more := s.walk(found); len(more) == 0 {
			continue
		}
		infos, err = s.client.pathInfos(ctx, found, "--recursive")
		if err != nil {
			return err
		}
		for _, info := range infos {
			s.known[info.Path] = info
		}
	}
	return nil
}

// hasFailed reports whether a substituter failed before.
func (s *Closures) hasFailed(substituter string) bool {
	return slices.ContainsFunc(s.failed, func(f SubstituterError) bool { return f.url == substituter })
}

// working returns the substituters that have not failed.
func (s *Closures) working(ctx context.Context) ([]string, error) {
	if !s.listed {
		var err error
		if s.substituters, err = s.client.substituters(ctx); err != nil {
			return nil, err
		}
		s.listed = true
	}
	return slices.DeleteFunc(slices.Clone(s.substituters), s.hasFailed), nil
}
