package disk

import (
	"context"
	"fmt"
	"slices"

	"github.com/dustin/go-humanize"

	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/result"
)

// Full is called when builds ran out of space. It makes room if it can: it deletes what is no longer
// needed, or waits for other builds to end. If all of them ran out of space, one gives its own place
// up until the others have ended. Full reports whether to try again.
func (k *Keeper) Full(ctx context.Context, drvs []string) bool {
	if k == nil {
		return false
	}
	defer context.AfterFunc(ctx, safely.Func(k.wake))()
	mine := func(t *Turn) bool { return slices.Contains(drvs, t.drv) }
	set := func(change func(t *Turn)) {
		for _, t := range k.running {
			if mine(t) {
				change(t)
			}
		}
	}
	for ctx.Err() == nil {
		if k.collect(ctx) > 0 {
			return true
		}
		k.mu.Lock()
		others, stuck := k.others(mine)
		switch {
		case others == 0:
			k.mu.Unlock()
			return false
		case others == stuck:
			set(func(t *Turn) { t.yields = true })
			k.garbage = true
			k.mu.Unlock()
			k.collect(ctx)
			k.mu.Lock()
			k.waitUntil(ctx, func() bool { n, _ := k.others(mine); return n == 0 })
			set(func(t *Turn) { t.yields = false })
			k.garbage = true
			k.mu.Unlock()
			k.collect(ctx)
			return ctx.Err() == nil
		}
		set(func(t *Turn) { t.stuck = true })
		k.changed.Broadcast()
		k.waitUntil(ctx, func() bool { n, _ := k.others(mine); return n != others || k.garbage || k.anyYields() })
		set(func(t *Turn) { t.stuck = false })
		again := k.anyYields()
		k.mu.Unlock()
		if again {
			k.collect(ctx)
			return ctx.Err() == nil
		}
	}
	return false
}

// others counts the other builds that run and do not yield, and those of them that are stuck.
func (k *Keeper) others(mine func(*Turn) bool) (running, stuck int) {
	for _, t := range k.running {
		if mine(t) || t.yields {
			continue
		}
		running++
		if t.stuck {
			stuck++
		}
	}
	return running, stuck
}

func (k *Keeper) anyYields() bool {
	for _, t := range k.running {
		if t.yields {
			return true
		}
	}
	return false
}

// waitUntil waits for a condition, with the lock.
func (k *Keeper) waitUntil(ctx context.Context, done func() bool) {
	for ctx.Err() == nil && !done() {
		k.changed.Wait()
	}
}

// Misfit says how much space a build takes at least that ran out of it.
func (k *Keeper) Misfit(ctx context.Context, drvs []string) string {
	k.mu.Lock()
	needed, _, err := k.needs(drvs)
	now, _ := k.look()
	var paths []string
	for path := range k.fresh {
		if needed[path] && k.exists(path) {
			paths = append(paths, path)
		}
	}
	k.mu.Unlock()
	taken := now.free
	if err == nil && len(paths) > 0 {
		sizes, _, _ := k.Store.Present(ctx, paths) // without them it is a lower bound, too
		for _, size := range sizes {
			taken += size
		}
	}
	return fmt.Sprintf("does not fit on the disk: with what it is made of it takes more than %s, which is all that was left for it of %s",
		bytes(taken), bytes(now.size))
}

// Report returns what the keeper saw and did.
func (k *Keeper) Report() result.Disk {
	if k == nil {
		return result.Disk{}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seen
}

// Note says how far the disk was filled and what was deleted; empty if no build began.
func (k *Keeper) Note() string {
	if k == nil {
		return ""
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.seen.SizeBytes == 0 {
		return ""
	}
	text := fmt.Sprintf("--low-disk: at the lowest, %s of %s were free", bytes(k.seen.LowestFreeBytes), bytes(k.seen.SizeBytes))
	switch k.seen.DeletedPaths {
	case 0:
		return text + "; nothing had to be deleted"
	case 1:
		return text + fmt.Sprintf("; deleted 1 path of this run (%s)", bytes(k.seen.DeletedBytes))
	}
	return text + fmt.Sprintf("; deleted %d paths of this run (%s)", k.seen.DeletedPaths, bytes(k.seen.DeletedBytes))
}

func bytes(n int64) string { return humanize.Bytes(uint64(max(0, n))) }
