package push

import (
	"context"

	"github.com/flakeci/flakeci/internal/nix"
)

// counter counts what was copied for each output.
type counter struct {
	closures *nix.Closures
	counted  map[string]bool // paths; an attempt that fails may have copied them already
}

func newCounter(o Options) *counter {
	return &counter{closures: o.Client.Closures(o.Tmp), counted: map[string]bool{}}
}

// copied is how many paths were copied, and their size in bytes.
type copied struct {
	paths int
	bytes int64
}

// of counts the paths that were copied for each output. A path that several of them need counts
// for the first.
func (c *counter) of(ctx context.Context, outputs, started []string) []copied {
	counts := make([]copied, len(outputs))
	left := map[string]bool{}
	for _, path := range started {
		if !c.counted[path] {
			left[path] = true
		}
	}
	for i, output := range outputs {
		if len(left) == 0 {
			break
		}
		closure, err := c.closures.Of(ctx, []string{output})
		if err != nil { // then only the output itself is known to be copied
			closure = nix.Closure{output: 0}
		}
		for path := range left {
			if size, ok := closure[path]; ok {
				counts[i].paths++
				counts[i].bytes += size
				c.counted[path] = true
				delete(left, path)
			}
		}
	}
	return counts
}
