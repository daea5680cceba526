package disk

import (
	"context"
	"slices"
	"time"

	"github.com/flakeci/flakeci/internal/safely"
)

// Process is a running nix build.
type Process struct {
	drvs    []string // of the builds that it works for
	cancel  context.CancelFunc
	stopped bool  // before the disk was full
	room    int64 // bytes that it had, if they did not suffice
	// The space when it began, and the least since.
	before, least int64
	shared        bool // during its attempt, others worked or something was deleted
	stuck         bool // it ran out of space, and waits
	yields        bool // it waits for all others to end, and gives up what it has built
}

// Begin says that a process begins to work for builds. Its context ends early if it would fill the
// disk; then, or if it did, [Keeper.Full] says whether to try again. [Keeper.End] comes last.
func (k *Keeper) Begin(drvs []string) *Process {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now, _ := k.look()
	p := &Process{drvs: drvs, cancel: func() {}, before: now.free, least: now.free}
	k.processes = append(k.processes, p)
	return p
}

// End says that a process has ended.
func (k *Keeper) End(p *Process) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.processes = slices.DeleteFunc(k.processes, func(o *Process) bool { return o == p })
	k.garbage = true // what it left behind
	k.changed.Broadcast()
}

// Try does one attempt of a process. It reports whether the attempt was stopped before it could fill
// the disk.
func (k *Keeper) Try(ctx context.Context, p *Process, attempt func(context.Context)) (stopped bool) {
	if k == nil {
		attempt(ctx)
		return false
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	k.mu.Lock()
	p.cancel, p.stopped, p.shared = cancel, false, false
	for _, o := range k.processes {
		if o != p && !o.yields {
			p.shared, o.shared = true, true
		}
	}
	k.mu.Unlock()
	attempt(inner)
	k.mu.Lock()
	defer k.mu.Unlock()
	p.cancel = func() {}
	return p.stopped && ctx.Err() == nil
}

// stopOne stops the youngest process that works. The caller holds the lock.
func (k *Keeper) stopOne() {
	for _, p := range slices.Backward(k.processes) {
		if p.stopped {
			return // it is ending
		}
		if !p.stuck && !p.yields {
			p.stopped = true
			p.cancel()
			return
		}
	}
}

// Full is called when a process ran out of space. It makes room if it can: it deletes what is no
// longer needed, or waits for other processes to end. If all of them ran out of space, one gives up
// its place until the others have ended. Full reports whether to try again.
func (k *Keeper) Full(ctx context.Context, p *Process) bool {
	defer context.AfterFunc(ctx, safely.Func(k.wake))()
	k.mu.Lock()
	p.stopped, p.stuck, k.garbage = false, true, true
	k.changed.Broadcast()
	k.mu.Unlock()
	defer k.unstick(p)
	for ctx.Err() == nil {
		if k.collect(ctx) > 0 {
			return true
		}
		k.mu.Lock()
		others, stuck := k.others(p)
		switch {
		case others == 0:
			shared := p.shared
			k.mu.Unlock()
			if shared || ctx.Err() != nil {
				return ctx.Err() == nil // alone it may fit
			}
			k.giveUp(ctx, p)
			return false
		case others == stuck:
			p.yields, k.garbage = true, true
			k.changed.Broadcast()
			k.mu.Unlock()
			k.collect(ctx)
			k.wait(ctx, func() bool { n, _ := k.others(p); return n == 0 })
			return ctx.Err() == nil
		}
		k.mu.Unlock()
		var again bool
		k.wait(ctx, func() bool {
			n, _ := k.others(p)
			again = n != others || slices.ContainsFunc(k.processes, func(o *Process) bool { return o.yields })
			return again || k.garbage
		})
		if again {
			k.collect(ctx)
			return ctx.Err() == nil
		}
	}
	return false
}

// giveUp deletes what a process has built that does not fit, and measures the room that it had.
func (k *Keeper) giveUp(ctx context.Context, p *Process) {
	k.mu.Lock()
	p.yields, k.garbage = true, true
	k.mu.Unlock()
	k.collect(ctx)
	for same := 0; same < settled && ctx.Err() == nil; same++ {
		time.Sleep(interval)
		k.mu.Lock()
		if now, _ := k.look(); now.free > p.room {
			p.room, same = now.free, 0
		}
		k.mu.Unlock()
	}
}

// settled is how often the free space has to be the same until all of it counts: programs of a
// builder that was stopped keep their files open until they have ended, too.
const settled = 15

func (k *Keeper) unstick(p *Process) {
	k.mu.Lock()
	defer k.mu.Unlock()
	p.stuck, p.yields = false, false
	k.changed.Broadcast()
}

// others counts the other processes that do not yield, and those of them that are stuck. A build
// whose cell is not finished counts, too: what it needs may soon be deleted.
func (k *Keeper) others(p *Process) (running, stuck int) {
	for _, o := range k.processes {
		if o == p || o.yields {
			continue
		}
		running++
		if o.stuck {
			stuck++
		}
	}
	for _, t := range k.running {
		if t.built && !slices.Contains(p.drvs, t.drv) {
			running++
		}
	}
	return running, stuck
}

// wait waits for a condition, which it checks with the lock.
func (k *Keeper) wait(ctx context.Context, done func() bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for ctx.Err() == nil && !done() {
		k.changed.Wait()
	}
}
