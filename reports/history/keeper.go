package history

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/result"
)

// Keeper keeps the history of a flake. If its file cannot be used, it warns once and does
// nothing. A nil Keeper has no file.
type Keeper struct {
	path  string
	flake string // its name in the file
	warn  func(error)
	open  func() *History
}

// Keep opens the file at path in the background. The flake's name can be anything that
// stays the same from one run to the next.
func Keep(ctx context.Context, path, flake string, warn func(error)) *Keeper {
	k := &Keeper{path: path, flake: flake, warn: warn}
	k.open = sync.OnceValue(func() *History {
		h, err := Open(context.WithoutCancel(ctx), path)
		if k.setAside(err) {
			h, err = Open(context.WithoutCancel(ctx), path)
		}
		if err != nil {
			warn(err)
		}
		return h
	})
	safely.Go(func() { k.open() })
	return k
}

// setAside warns of a damaged file and moves it out of the way. It reports whether a new
// file can be started.
func (k *Keeper) setAside(err error) bool {
	if !IsDamaged(err) {
		return false
	}
	moved, failed := SetAside(k.path)
	if failed != nil {
		return false
	}
	k.warn(fmt.Errorf("%s: %w; starting a new one, and keeping the old file as %s", k.path, err, moved))
	return true
}

// Estimate returns a function that says how long cells took in past runs, or nil.
func (k *Keeper) Estimate(ctx context.Context) func(cell, phase string) (time.Duration, bool) {
	if k == nil || k.open() == nil {
		return nil
	}
	past, err := k.open().Past(ctx, k.flake)
	if err != nil {
		return nil // Add says why
	}
	return past.Estimate
}

// Seconds returns how long cells took in past runs, by id.
func (k *Keeper) Seconds(ctx context.Context) map[string]float64 {
	if k == nil || k.open() == nil {
		return nil
	}
	past, err := k.open().Past(ctx, k.flake)
	if err != nil {
		k.warn(fmt.Errorf("%s: %w", k.path, err))
		return nil
	}
	return past.Seconds()
}

// CellsIn returns the cells inside a host in the latest run that evaluated it, by id.
func (k *Keeper) CellsIn(ctx context.Context, host string) []string {
	if k == nil || k.open() == nil {
		return nil
	}
	ids, err := k.open().CellsIn(ctx, k.flake, host)
	if err != nil {
		return nil // Add says why
	}
	return ids
}

// Add records in the report since when cells have failed, stores it for later runs, and
// closes the file, even after an interruption.
func (k *Keeper) Add(ctx context.Context, r *result.Report) {
	if k == nil || k.open() == nil {
		return
	}
	err := k.since(context.WithoutCancel(ctx), r)
	if err == nil && len(r.Cells) > 0 {
		err = k.open().Add(context.WithoutCancel(ctx), k.flake, *r)
	}
	if err = errors.Join(err, k.open().Close()); err != nil && !k.setAside(err) {
		k.warn(fmt.Errorf("%s: %w", k.path, err))
	}
}

// since records since when each cell has failed, and since when each cause has made cells fail.
func (k *Keeper) since(ctx context.Context, r *result.Report) error {
	keys := keysByID(*r)
	causes := map[string]*result.Cause{}
	for i := range r.Causes {
		causes[r.Causes[i].ID] = &r.Causes[i]
	}
	for i := range r.Cells {
		c := &r.Cells[i]
		if !c.Status.BlamesFlake() {
			continue
		}
		var own []string
		for _, id := range c.Causes {
			own = append(own, keys[id])
		}
		since, err := k.open().FailsSince(ctx, k.flake, c.ID, own...)
		if err != nil {
			return err
		}
		for _, id := range c.Causes {
			c.Since = earlier(c.Since, since[keys[id]])
			if cause := causes[id]; cause != nil {
				cause.Since = earlier(cause.Since, since[keys[id]])
			}
		}
	}
	return nil
}

// earlier returns the one that began first; either may be nil.
func earlier(a, b *result.Since) *result.Since {
	if a == nil || b != nil && b.Started.Before(a.Started) {
		return b
	}
	return a
}
