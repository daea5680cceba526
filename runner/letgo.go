package runner

import (
	"context"
	"slices"

	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner/outcome"
)

// users are the VMs that are made of other cells. Those cells keep their paths until the VMs are
// finished.
type users struct {
	parts map[string][]string // what a VM that is not finished is made of, by its id
	kept  map[string]string   // the derivations of finished cells, by their ids
}

func (u *users) add(vm string, parts []string) {
	if u.parts == nil {
		u.parts, u.kept = map[string][]string{}, map[string]string{}
	}
	u.parts[vm] = parts
}

// uses reports whether a VM that is not finished is made of a cell.
func (u *users) uses(id string) bool {
	for _, parts := range u.parts {
		if slices.Contains(parts, id) {
			return true
		}
	}
	return false
}

// letGo is the one place that decides that the run no longer needs the paths of a cell, so that
// --low-disk may delete them: it is finished, and so are the VMs that are made of it. Whatever else
// needs the outputs of finished cells comes before that.
func (r *run) letGo(ctx context.Context, res outcome.Result) {
	if r.Disk == nil {
		return
	}
	if r.Pushed != nil {
		r.Pushed(ctx, res)
	}
	if r.Base != nil && r.Base.Closures != nil && res.Status == result.Passed {
		_, _ = r.Base.Closures.Of(ctx, paths(res.OutPaths)) // it remembers them for the comparison at the end
	}
	defer r.Disk.Leave(res.DrvPath)
	r.mu.Lock()
	defer r.mu.Unlock()
	if res.Cell.Kind == result.KindVM {
		r.Disk.LetGo(res.DrvPath)
		r.freeParts(res.Cell.ID)
		return
	}
	if r.users.uses(res.Cell.ID) {
		r.users.kept[res.Cell.ID] = res.DrvPath
		return
	}
	r.Disk.LetGo(res.DrvPath)
}

// freeParts lets go what a VM was made of, unless another one is, too. The caller holds the lock.
func (r *run) freeParts(vm string) {
	delete(r.users.parts, vm)
	for id, drv := range r.users.kept {
		if !r.users.uses(id) {
			delete(r.users.kept, id)
			r.Disk.LetGo(drv)
		}
	}
}

// endUnbuilt lets go what a VM is made of that ended with its evaluation.
func (r *run) endUnbuilt(vm result.Cell) {
	select {
	case <-r.ended[vm.ID]:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.freeParts(vm.ID)
	default: // it is being built
	}
}
