// Package disk lets a run whose closures together exceed the disk build them one after another.
//
// A [Keeper] lets few builds begin at once: the first alone, and then as many as fit, judging by the
// most that one has taken so far. If space is low, or a build ran out of it, the keeper deletes what
// the run built or fetched and no unfinished cell needs. It knows these paths because they were not
// there when Nix said what it would build and fetch. What was there before stays.
package disk

import (
	"context"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/result"
)

// Store is what a keeper needs of the store.
type Store interface {
	// Present returns the sizes of the paths that are there, and what they refer to.
	Present(ctx context.Context, paths []string) (sizes map[string]int64, references map[string][]string, err error)
	// Delete deletes paths that nothing needs. The error is a [*nix.AliveError] at the first that
	// something does.
	Delete(ctx context.Context, paths []string) error
}

// Options say where a keeper works.
type Options struct {
	Store Store
	// Root is the folder below which the store's files are; see [Root].
	Root string
	// Links is a folder of links that keep paths from being deleted. The keeper removes those to
	// what is no longer needed.
	Links string
	// Warnf reports once why nothing can be deleted.
	Warnf func(format string, args ...any)
}

// Keeper keeps a run within the free space of the store's file system. A nil one does nothing.
type Keeper struct {
	Options
	collecting sync.Mutex // held while paths are deleted

	mu        sync.Mutex
	changed   *sync.Cond
	known     bool // all cells are evaluated, but for VMs
	wanted    map[string]int
	fresh     map[string]bool // that were not in the store before, and may be there now
	files     map[string]derivation
	waiting   []*Turn
	running   map[string]*Turn // by derivation
	processes []*Process       // the youngest last
	started   map[string]bool  // groups of cells
	most      int64            // bytes that one build has taken so far
	floor     int64            // below so many free bytes a build is stopped
	garbage   bool             // there may be something to delete
	unable    error            // why nothing can be deleted
	warned    bool             // it was reported
	seen      result.Disk
}

// Turn is the place of a build in the queue.
type Turn struct {
	group, drv string
	// While it runs: the space at its beginning, and the least since.
	before, least int64
	built         bool
}

// New returns a keeper that watches the free space until the context ends.
func New(ctx context.Context, o Options) *Keeper {
	k := &Keeper{
		Options: o, wanted: map[string]int{}, fresh: map[string]bool{}, files: map[string]derivation{},
		running: map[string]*Turn{}, started: map[string]bool{},
	}
	k.changed = sync.NewCond(&k.mu)
	safely.Go(func() { k.watch(ctx) })
	return k
}

// interval is how often the keeper looks at the free space. It takes some microseconds.
const interval = 20 * time.Millisecond

func (k *Keeper) watch(ctx context.Context) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			k.guard(ctx)
		}
	}
}

// guard deletes what is no longer needed if space is low. If it gets too low for Nix itself, whose
// database then cannot be opened any more, guard stops a process.
func (k *Keeper) guard(ctx context.Context) {
	k.mu.Lock()
	now, seen := k.look()
	garbage := k.garbage && k.known
	k.mu.Unlock()
	if !seen || now.free >= now.reserve() {
		return
	}
	if garbage {
		k.collect(ctx)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if now, _ = k.look(); now.free < k.floor {
		k.stopOne()
	}
}

// look measures the free space, once the store's folder is known. The caller holds the lock.
func (k *Keeper) look() (space, bool) {
	for drv := range k.files {
		now, err := measure(filepath.Dir(k.Root + drv))
		if err != nil {
			return now, false
		}
		if k.seen.SizeBytes == 0 {
			k.floor = now.floor()
		}
		if k.seen.SizeBytes == 0 || now.free < k.seen.LowestFreeBytes {
			k.seen.LowestFreeBytes = now.free
		}
		k.seen.SizeBytes = now.size
		for _, t := range k.running {
			t.least = min(t.least, now.free)
		}
		for _, p := range k.processes {
			p.least = min(p.least, now.free)
		}
		return now, true
	}
	return space{}, false
}

// Want says that an unfinished cell needs a derivation and what that is made of.
func (k *Keeper) Want(drv string) {
	if k != nil && drv != "" {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.wanted[drv]++
	}
}

// LetGo takes back one [Keeper.Want].
func (k *Keeper) LetGo(drv string) {
	if k == nil || drv == "" {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.wanted[drv]--; k.wanted[drv] <= 0 {
		delete(k.wanted, drv)
		k.garbage = true
		k.changed.Broadcast()
	}
}

// AllKnown says that all cells are evaluated, so that it is known what they need. Nothing is deleted
// before. VMs come later, and are made of what their hosts need.
func (k *Keeper) AllKnown() {
	if k != nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.known = true
		k.changed.Broadcast()
	}
}

// Planned says what Nix would build and fetch now. What is not there yet may be deleted later.
func (k *Keeper) Planned(drvs, fetch []string) {
	if k == nil {
		return
	}
	paths := slices.Clone(fetch)
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, drv := range drvs {
		d, err := k.read(drv)
		if err != nil {
			k.fail(err)
			return
		}
		paths = append(paths, d.Outputs...)
	}
	for _, path := range paths {
		if !k.exists(path) {
			k.fresh[path] = true
		}
	}
}

// Queue gives a build of a cell its place. Cells of a host that was begun come first, then those
// that came first.
func (k *Keeper) Queue(c result.Cell, drv string) *Turn {
	t := &Turn{group: c.Host, drv: drv}
	if t.group == "" {
		t.group = c.ID
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting = append(k.waiting, t)
	return t
}

// Enter waits until a build may begin. [Keeper.Built] says that it has ended, and [Keeper.Leave] that
// its cell is finished.
func (k *Keeper) Enter(ctx context.Context, t *Turn) {
	defer context.AfterFunc(ctx, safely.Func(k.wake))()
	k.mu.Lock()
	defer k.mu.Unlock()
	for ctx.Err() == nil {
		if k.next() == t {
			if k.fits() {
				break
			}
			if k.garbage { // then look again: more may have become garbage
				k.mu.Unlock()
				k.collect(ctx)
				k.mu.Lock()
				continue
			}
			if len(k.running)+len(k.processes) == 0 { // a process that is ending keeps what it has built
				break
			}
		}
		k.changed.Wait()
	}
	now, _ := k.look()
	t.before, t.least = now.free, now.free
	k.waiting = slices.DeleteFunc(k.waiting, func(o *Turn) bool { return o == t })
	k.running[t.drv], k.started[t.group] = t, true
	k.changed.Broadcast()
}

func (k *Keeper) wake() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.changed.Broadcast()
}

// next returns the build whose turn it is.
func (k *Keeper) next() *Turn {
	if i := slices.IndexFunc(k.waiting, func(t *Turn) bool { return k.started[t.group] }); i >= 0 {
		return k.waiting[i]
	}
	return k.waiting[0]
}

// fits reports whether there is room for one more build. If others run, that is unknown before one
// has ended, and while one waits for space.
func (k *Keeper) fits() bool {
	now, seen := k.look()
	if !seen {
		return false
	}
	if slices.ContainsFunc(k.processes, func(p *Process) bool { return p.stuck }) {
		return false
	}
	if len(k.running) > 0 && k.most == 0 {
		return false
	}
	return now.free >= now.reserve()+k.most*int64(len(k.running)+1)
}

// Built says that a build has ended, successfully or not. Its cell may not be finished.
func (k *Keeper) Built(drv string) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if t := k.running[drv]; t != nil {
		k.look()
		k.most = max(k.most, t.before-t.least, 1)
		t.built = true
		k.changed.Broadcast()
	}
}

// Leave says that the cell of a build is finished.
func (k *Keeper) Leave(drv string) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.running, drv)
	k.changed.Broadcast()
}
