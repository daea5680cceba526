package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/nix/drvfile"
	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/internal/safely"
)

type derivation = drvfile.Derivation

// maxFile is more than the file of any derivation has, in bytes. Those of large systems have some
// hundred KB.
const maxFile = 64 << 20

// read returns what is in the file of a derivation. The caller holds the lock.
func (k *Keeper) read(drv string) (derivation, error) {
	if d, ok := k.files[drv]; ok {
		return d, nil
	}
	text, err := safefile.Read(k.Root+drv, maxFile)
	if err != nil {
		return derivation{}, err
	}
	d, err := drvfile.Parse(string(text))
	if err != nil {
		return d, fmt.Errorf("%s: %w", drv, err)
	}
	k.files[drv] = d
	return d, nil
}

func (k *Keeper) exists(path string) bool {
	_, err := os.Lstat(k.Root + path)
	return err == nil
}

// fail notes that nothing can be deleted, and why. The caller holds the lock.
func (k *Keeper) fail(err error) {
	k.unable = err
	k.warn(err)
}

// warn reports once why something could not be deleted. The caller holds the lock.
func (k *Keeper) warn(err error) {
	if !k.warned {
		k.warned = true
		k.Warnf("--low-disk cannot delete what is no longer needed: %v", err)
	}
}

// needs returns all outputs of some derivations and of those that they are made of, and all these
// derivations. The caller holds the lock.
func (k *Keeper) needs(drvs []string) (outputs, all map[string]bool, err error) {
	outputs, all = map[string]bool{}, map[string]bool{}
	for queue := drvs; len(queue) > 0; queue = queue[1:] {
		drv := queue[0]
		if all[drv] {
			continue
		}
		all[drv] = true
		d, err := k.read(drv)
		if errors.Is(err, fs.ErrNotExist) {
			continue // nothing is built before Nix has it, such as one that only a report of the base names
		}
		if err != nil {
			return nil, nil, err
		}
		for _, path := range d.Outputs {
			outputs[path] = true
		}
		queue = append(queue, d.Inputs...)
	}
	return outputs, all, nil
}

// collect deletes what the run added to the store and no unfinished cell needs. It returns how many
// bytes that were.
func (k *Keeper) collect(ctx context.Context) int64 {
	k.collecting.Lock()
	defer k.collecting.Unlock()
	paths, needed := k.candidates(ctx)
	if len(paths) == 0 || ctx.Err() != nil {
		return 0
	}
	sizes, references, err := k.Store.Present(ctx, paths)
	var list []string
	if err == nil {
		k.dropLinks()
		// First what failed builds left behind.
		list = slices.DeleteFunc(paths, func(path string) bool { _, valid := sizes[path]; return valid || needed[path] })
		list = append(list, deletable(sizes, references, needed)...)
		err = k.delete(ctx, slices.Clone(list), references)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil && ctx.Err() == nil {
		k.warn(err)
	}
	freed := int64(0)
	for _, path := range list {
		if !k.exists(path) {
			freed += max(sizes[path], 1) // the size of what a failed build left is unknown
			k.seen.DeletedPaths++
		}
	}
	k.seen.DeletedBytes += freed
	for _, p := range k.processes {
		p.shared = p.shared || freed > 0
	}
	k.changed.Broadcast()
	return freed
}

// candidates returns the paths that the run added, and the outputs that unfinished cells need. There
// are none if nothing has changed since the last time.
func (k *Keeper) candidates(ctx context.Context) (paths []string, needed map[string]bool) {
	defer context.AfterFunc(ctx, safely.Func(k.wake))()
	k.mu.Lock()
	defer k.mu.Unlock()
	for !k.known && ctx.Err() == nil {
		k.changed.Wait()
	}
	garbage := k.garbage
	k.garbage = false
	if k.unable != nil || !garbage {
		return nil, nil
	}
	needed, _, err := k.needs(k.unfinished())
	if err != nil {
		k.fail(err)
		return nil, nil
	}
	for path := range k.fresh {
		if k.exists(path) {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths, needed
}

// unfinished returns the derivations of unfinished cells, but for those that yield. The caller holds the lock.
func (k *Keeper) unfinished() []string {
	var drvs []string
	for drv := range k.wanted {
		works := func(p *Process) bool { return slices.Contains(p.drvs, drv) }
		if !slices.ContainsFunc(k.processes, works) || slices.ContainsFunc(k.processes, func(p *Process) bool { return works(p) && !p.yields }) {
			drvs = append(drvs, drv)
		}
	}
	return drvs
}

// deletable returns the paths that nothing needed refers to, each before those that it refers to.
func deletable(sizes map[string]int64, references map[string][]string, needed map[string]bool) []string {
	seen := map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(sizes)) {
		if needed[path] {
			visit(path, references, seen)
		}
	}
	var list []string
	for _, path := range slices.Sorted(maps.Keys(sizes)) {
		for _, found := range visit(path, references, seen) {
			if _, ours := sizes[found]; ours {
				list = append(list, found)
			}
		}
	}
	slices.Reverse(list)
	return list
}

// visit returns a path and everything that it refers to and that was not seen before, each after
// those that it refers to.
func visit(path string, references map[string][]string, seen map[string]bool) (list []string) {
	if seen[path] {
		return nil
	}
	seen[path] = true
	for _, to := range references[path] {
		list = append(list, visit(to, references, seen)...)
	}
	return append(list, path)
}

// delete deletes paths, but for those that something else needs, such as a root of the user.
func (k *Keeper) delete(ctx context.Context, paths []string, references map[string][]string) error {
	for len(paths) > 0 {
		err := k.Store.Delete(ctx, paths)
		var alive *nix.AliveError
		if !errors.As(err, &alive) {
			return err
		}
		kept := map[string]bool{}
		visit(alive.Path, references, kept)
		before := len(paths)
		paths = slices.DeleteFunc(paths, func(path string) bool { return kept[path] || !k.exists(path) })
		if len(paths) == before {
			return err // it is not one of ours
		}
	}
	return nil
}

// dropLinks removes the links that keep derivations and outputs which no unfinished cell needs. With
// Nix's setting keep-outputs, a link to a derivation keeps its outputs, too.
func (k *Keeper) dropLinks() {
	k.mu.Lock()
	defer k.mu.Unlock()
	outputs, drvs, err := k.needs(k.unfinished())
	if err != nil {
		return // what the links keep stays
	}
	keep := map[string]bool{}
	for _, paths := range []map[string]bool{outputs, drvs} {
		for path := range paths {
			keep[filepath.Base(path)] = true
		}
	}
	links, _ := os.ReadDir(k.Links) // without the folder there are none
	for _, entry := range links {
		link := filepath.Join(k.Links, entry.Name())
		target, err := os.Readlink(link)
		if err == nil && strings.HasPrefix(entry.Name(), LinkPrefix) && !keep[filepath.Base(target)] {
			_ = os.Remove(link) // then what it keeps stays
		}
	}
}

// LinkPrefix begins the names of links in [Options.Links].
const LinkPrefix = "root"
