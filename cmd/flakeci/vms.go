package main

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/internal/vmboot"
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
	return checkOneOf("accel", f.accel, string(vmtest.AccelAuto), string(vmtest.AccelKVM), string(vmtest.AccelTCG))
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
	b := &vmboot.Booter{
		Pool:   j.opts.vm.pool(j.app, j.opts.vms, tmp, j.artifacts, j.opts.timeout),
		Redact: j.app.secrets.Text, Checks: j.opts.vms.ChecksOf, Homes: !j.opts.vms.NoHomes,
		Find: j.target.UnitPlace, MaxFind: limited(time.Minute, j.opts.timeout),
	}
	o.Boot = b.Boot
	if b.Homes {
		o.Homes = vmboot.HomesByHost(j.matrix)
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

// hostsToBoot lists the hosts that have a VM.
func hostsToBoot(m matrix.Matrix) []string {
	var hosts []string
	for _, c := range m.Cells {
		if c.Kind == result.KindVM {
			hosts = append(hosts, c.Host)
		}
	}
	return hosts
}
