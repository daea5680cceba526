package nix

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Closure is all store paths that some need to run, themselves among them, each
// with the size of its archive in bytes.
type Closure map[string]int64

// Closures looks closures up and remembers what it learned of each path, for
// the closures of a fleet share most of theirs. It may be used by several
// goroutines at once; they wait for each other, and then find most of it known.
type Closures struct {
	client *Client
	tmp    string
	// patience is how long one call may take that asks a substituter.
	patience time.Duration
	turn     chan struct{} // holds one while somebody looks up

	known        map[string]pathInfo
	substituters []string
	asked        bool // for the substituters
	failed       []SubstituterError
}

// One call of a substituter with a few dozen paths takes a second or two where
// all is well.
const substituterPatience = 20 * time.Second

// Closures gives a memory to look closures up with. What it needs for a short
// while is written to the folder tmp.
func (c *Client) Closures(tmp string) *Closures {
	return &Closures{client: c, tmp: tmp, patience: substituterPatience, turn: make(chan struct{}, 1), known: map[string]pathInfo{}}
}

// MissingError says that a closure is not known: some of its paths are neither in
// the store nor in a substituter that could be asked.
type MissingError struct {
	// Paths are those next to what was asked for. There may be more: what a missing
	// path needs is not known.
	Paths []string
	// Substituters counts those that are set up; Failed are the ones of them that
	// could not be asked, so that it is not known what they have.
	Substituters int
	Failed       []SubstituterError
}

func (e *MissingError) Error() string {
	text := DrvName(e.Paths[0])
	switch n := len(e.Paths) - 1; {
	case n == 1:
		text += " and 1 other path are"
	case n > 1:
		text += fmt.Sprintf(" and %d other paths are", n)
	default:
		text += " is"
	}
	text += " not in the store"
	switch n := len(e.Failed); {
	case n == 1:
		return text + ", and a substituter could not be asked: " + e.Failed[0].Error()
	case n > 1:
		return text + fmt.Sprintf(", and %d substituters could not be asked, the first of them %s", n, e.Failed[0].Error())
	case e.Substituters == 0:
		return text + ", and there is no substituter"
	}
	return text + " and in no substituter"
}

// Of gives the closure of some paths together without building or fetching
// anything. The error is a [*MissingError] where it is not known.
func (s *Closures) Of(ctx context.Context, paths []string) (Closure, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
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

// walk follows references as far as they are known, and gives the paths at which
// it had to stop, the nearest first.
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

// unknown gives those of the paths of which nothing is known.
func (s *Closures) unknown(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(p string) bool { _, ok := s.known[p]; return ok })
}

// remember takes in what was asked for, and nothing else: a store could say
// anything of other paths.
func (s *Closures) remember(infos []pathInfo, asked []string) (found []string) {
	for _, info := range infos {
		if slices.Contains(asked, info.Path) {
			s.known[info.Path] = info
			found = append(found, info.Path)
		}
	}
	return found
}

// As many paths are named in one call as every system's command line has room
// for.
const localBatch = 1000

// local asks the client's own store. What it has it has with all that it needs.
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

// dead says whether a substituter failed before.
func (s *Closures) dead(substituter string) bool {
	return slices.ContainsFunc(s.failed, func(f SubstituterError) bool { return f.url == substituter })
}

// live are the substituters that did not fail yet.
func (s *Closures) live(ctx context.Context) ([]string, error) {
	if !s.asked {
		var err error
		if s.substituters, err = s.client.substituters(ctx); err != nil {
			return nil, err
		}
		s.asked = true
	}
	return slices.DeleteFunc(slices.Clone(s.substituters), s.dead), nil
}
