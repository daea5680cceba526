package runner

import (
	"context"
	"time"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/result"
)

// Listing lists the cells besides hosts and homes during a run that does not test them. Nil is
// never known.
type Listing struct {
	listed chan struct{} // closed once they are listed
	cells  []result.Cell
	seen   []result.NotTested
	err    error
}

// maxListingWait is how long a run waits for them at its end. That is enough for a small
// flake even on a busy machine, and most runs take far longer.
const maxListingWait = 3 * time.Second

// ListOthers begins to list them; end stops it.
func ListOthers(ctx context.Context, t *nix.Target) (l *Listing, end func()) {
	ctx, cancel := context.WithCancel(ctx)
	l = &Listing{listed: make(chan struct{})}
	safely.Go(func() {
		defer close(l.listed)
		l.cells, l.seen, l.err = otherNames(ctx, t)
	})
	return l, func() {
		cancel()
		<-l.listed
	}
}

// Wait waits for the list, up to maxListingWait.
func (l *Listing) Wait(ctx context.Context) {
	if l == nil {
		return
	}
	select {
	case <-l.listed:
	case <-ctx.Done():
	case <-time.After(maxListingWait):
	}
}

// Names returns the cells, and what flakeci does not test there, if all of them are known by now.
func (l *Listing) Names() (cells []result.Cell, seen []result.NotTested, known bool) {
	if l == nil {
		return nil, nil, false
	}
	select {
	case <-l.listed:
		if l.err == nil {
			return l.cells, l.seen, true
		}
	default:
	}
	return nil, nil, false
}
