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

// vmFlags are the flags of subcommands that boot hosts.
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

// pool is where hosts are booted, with its temporary files below tmp.
func (f *vmFlags) pool(a *App, c config.VM, tmp string, artifacts *artifact.Folder, timeout time.Duration) *vmtest.Pool {
	return &vmtest.Pool{
		Accel: &vmtest.Accelerator{Wanted: vmtest.Accel(f.accel), Cache: a.cachePath("kvm.json")},
		Dir:   tmp, Path: a.env("PATH"), Artifacts: artifacts,
		BootTimeout: c.BootTimeout, MaxSilence: c.Silence, OpenNetwork: c.OpenNetwork,
		Limit: timeout, Budget: vmtest.NewBudget(c.Jobs),
	}
}

// vmOptions returns what the runner does with VMs.
func (j *job) vmOptions(tmp string) runner.VMOptions {
	o := runner.VMOptions{MemoryMiB: j.opts.vms.MemoryMiB, Cores: j.opts.vms.Cores}
	b := &vmBooter{
		pool:   j.opts.vm.pool(j.app, j.opts.vms, tmp, j.artifacts, j.opts.timeout),
		redact: j.app.secrets.Text, checks: j.opts.vms.ChecksOf, homes: !j.opts.vms.NoHomes,
		place: unitLocator(limited(time.Minute, j.opts.timeout), func(ctx context.Context, host, unit string) (result.Location, error) {
			return j.target.UnitPlace(ctx, host, unit)
		}),
	}
	o.Boot = b.boot
	if b.homes {
		o.Homes = homesByHost(j.matrix)
	}
	return o
}

// limited returns limit, or --timeout if that is set and shorter.
func limited(limit, timeout time.Duration) time.Duration {
	if timeout > 0 {
		return min(timeout, limit)
	}
	return limit
}

// unitLocator looks for the places of units, which are only nice to have. A flake's options
// can take forever to evaluate, and a guest can invent units, so after the limit was reached
// once, it does not look again.
func unitLocator(limit time.Duration, find func(ctx context.Context, host, unit string) (result.Location, error)) func(ctx context.Context, host, unit string) *result.Location {
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
		return place.OrNil()
	}
}

// homesByHost lists, for each host to boot, the ids of the homes on it that are not part of
// it.
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
