package main

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/vmtest"
)

// vmFlags are for whatever boots a host.
type vmFlags struct {
	accel string
}

func (f *vmFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.accel, "accel", string(vmtest.AccelAuto), "run virtual machines with `ACCELERATOR`: auto, kvm or tcg")
}

func (f *vmFlags) check() error {
	if !slices.Contains([]vmtest.Accel{vmtest.AccelAuto, vmtest.AccelKVM, vmtest.AccelTCG}, vmtest.Accel(f.accel)) {
		return &usageError{msg: "--accel takes auto, kvm or tcg"}
	}
	return nil
}

// lab is where hosts are booted, with its temporary files below tmp.
func (f *vmFlags) lab(a *App, c config.VM, tmp string, artifacts *artifact.Folder, timeout time.Duration) *vmtest.Lab {
	return &vmtest.Lab{
		Accel: &vmtest.Accelerator{Want: vmtest.Accel(f.accel), Cache: a.cachePath("kvm.json")},
		Dir:   tmp, Path: a.env("PATH"), Artifacts: artifacts,
		BootTimeout: c.BootTimeout, Silence: c.Silence, OpenNetwork: c.OpenNetwork,
		Limit: timeout, Budget: vmtest.NewBudget(c.Jobs),
	}
}

// vmOptions say what the runner does with VMs.
func (j *job) vmOptions(tmp string) runner.VMOptions {
	o := runner.VMOptions{MemoryMiB: j.opts.vms.MemoryMiB, Cores: j.opts.vms.Cores}
	b := &booter{
		lab:    j.opts.vm.lab(j.app, j.opts.vms, tmp, j.artifacts, j.opts.timeout),
		redact: j.app.secrets.Text, checks: j.opts.vms.ChecksOf, homes: !j.opts.vms.NoHomes,
		place: placer(placeLimit(j.opts.timeout), func(ctx context.Context, host, unit string) (result.Location, error) {
			return j.target.UnitPlace(ctx, host, unit)
		}),
	}
	o.Boot = b.boot
	if b.homes {
		o.Homes = homesByHost(j.matrix)
	}
	return o
}

// placeLimit is how long looking for the place of a unit may take, given the limit of
// each phase; 0 is none.
func placeLimit(timeout time.Duration) time.Duration {
	const most = time.Minute
	if timeout > 0 {
		return min(timeout, most)
	}
	return most
}

// placer looks for places, which are nice to have and no more. A flake's options can
// take for ever, and a guest can make up a unit, so once the limit was reached there is
// no further look.
func placer(limit time.Duration, find func(ctx context.Context, host, unit string) (result.Location, error)) func(ctx context.Context, host, unit string) *result.Location {
	var late atomic.Bool
	return func(ctx context.Context, host, unit string) *result.Location {
		if late.Load() {
			return nil
		}
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		place, err := find(ctx, host, unit)
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			late.Store(true)
		}
		if err != nil {
			return nil
		}
		return runner.LocationOf(place)
	}
}

// homesByHost lists, for each host that is to boot, the ids of the homes that
// serve it and are not part of it.
func homesByHost(m matrix.Matrix) map[string][]string {
	homes := map[string][]string{}
	for _, c := range m.Cells {
		if c.Kind != matrix.KindVM {
			continue
		}
		for _, user := range m.Grid.Users {
			if h, ok := m.Home(c.Host, user); ok && h.Part == "" {
				homes[c.Host] = append(homes[c.Host], h.ID)
			}
		}
	}
	return homes
}

// hostsToBoot lists the hosts that have a VM.
func hostsToBoot(m matrix.Matrix) []string {
	var hosts []string
	for _, c := range m.Cells {
		if c.Kind == matrix.KindVM {
			hosts = append(hosts, c.Host)
		}
	}
	return hosts
}
