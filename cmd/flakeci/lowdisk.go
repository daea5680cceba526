package main

import (
	"context"

	"github.com/flakeci/flakeci/runner/disk"
)

// checkLowDisk finds a store that --low-disk cannot look after.
func (o *runOptions) checkLowDisk() error {
	if _, ok := disk.Root(o.nix.store); o.lowDisk && !ok {
		return &usageError{flag: "low-disk", msg: "--low-disk needs a store on this machine, not " + o.nix.store, hint: "leave it out: it cannot see how full another machine's disk is"}
	}
	return nil
}

// watchDisk begins to keep the run within the free space of the store's disk, with --low-disk. Nix's
// settings may name a store, too.
func (j *job) watchDisk(ctx context.Context, tmp string) {
	if !j.opts.lowDisk {
		return
	}
	switch root, ok := disk.Root(j.client.BuildStore()); {
	case !ok:
		j.app.warnf("--low-disk has no effect: Nix's setting store is %s, which is not on this machine", j.client.BuildStore())
	default:
		j.disk = disk.New(ctx, disk.Options{Store: j.client, Root: root, Links: tmp, Warnf: j.app.warnf})
	}
}

// notes returns sentences about the run as a whole.
func (j *job) notes() []string {
	if note := j.disk.Note(); note != "" {
		return []string{note}
	}
	return nil
}
