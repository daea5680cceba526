package plain

import (
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
)

// tails holds the ends of builders' logs, by derivation.
type tails struct {
	lines map[string][]string
	order []string // the derivations, in order of their first output
}

// The maximum number of logs, and bytes of a line.
const (
	maxTails    = 100
	longestLine = 500
)

func (t *tails) add(drv, line string) {
	if t.lines == nil {
		t.lines = map[string][]string{}
	}
	if _, known := t.lines[drv]; !known {
		t.order = append(t.order, drv)
	}
	kept := append(t.lines[drv], strings.Clone(clean.Shorten(line, longestLine)))
	t.lines[drv] = slices.Delete(kept, 0, max(0, len(kept)-nixlog.TailLines))
	if len(t.order) > maxTails {
		delete(t.lines, t.order[0])
		t.order = slices.Delete(t.order, 0, 1)
	}
}

// of returns the end of a log.
func (t *tails) of(drv string) []string { return t.lines[drv] }
