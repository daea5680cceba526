package disk

import (
	"fmt"

	"github.com/dustin/go-humanize"

	"github.com/flakeci/flakeci/result"
)

// Misfit says how much space something takes at least that does not fit even alone. It is empty if
// the disk never got full: then a build may have filled another one, such as that of the build folder.
func (k *Keeper) Misfit(p *Process) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if p.least > max(p.before/2, k.floor) { // a small disk fills between two looks
		return ""
	}
	return fmt.Sprintf("does not fit on the disk: with what it is made of it takes more than %s, which is all that was left for it of %s", bytes(p.room), bytes(k.seen.SizeBytes))
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

// Note says how far the disk was filled and what was deleted; empty if no build was planned.
func (k *Keeper) Note() string {
	d := k.Report()
	if d.SizeBytes == 0 {
		return ""
	}
	text := fmt.Sprintf("--low-disk: at the lowest, %s of %s were free", bytes(d.LowestFreeBytes), bytes(d.SizeBytes))
	switch d.DeletedPaths {
	case 0:
		return text + "; nothing had to be deleted"
	case 1:
		return text + fmt.Sprintf("; deleted 1 path of this run (%s)", bytes(d.DeletedBytes))
	}
	return text + fmt.Sprintf("; deleted %d paths of this run (%s)", d.DeletedPaths, bytes(d.DeletedBytes))
}

func bytes(n int64) string { return humanize.Bytes(uint64(max(0, n))) }
