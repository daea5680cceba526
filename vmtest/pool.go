package vmtest

import (
	"cmp"
	"time"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/vmtest/check"
)

// Pool boots hosts and holds the settings that they share. Several goroutines may use it
// at once.
type Pool struct {
	// Accel chooses how guests are run.
	Accel *Accelerator
	// Dir holds a folder for each guest while it runs.
	Dir string
	// Path is the PATH of the runners.
	Path string
	// Artifacts is the folder for logs and screenshots of failures; nil keeps none.
	Artifacts *artifact.Folder
	// BootTimeout limits how long a host takes to come up, MaxSilence how long its console may
	// print nothing during that time. Both hold with KVM; without it they are five times as long.
	// 0 stands for the defaults below.
	BootTimeout, MaxSilence time.Duration
	// Limit bounds every phase, with KVM or without; 0 is no limit.
	Limit time.Duration
	// OpenNetwork lets guests reach the network.
	OpenNetwork bool
	// Budget limits how many guests run at once.
	Budget *Budget
}

// The defaults of a [Pool].
const (
	defaultBootTimeout = 5 * time.Minute
	defaultMaxSilence  = time.Minute
)

func (p *Pool) bootTimeout(a Accel) time.Duration {
	return p.limited(cmp.Or(p.BootTimeout, defaultBootTimeout) * a.factor())
}

// timeoutHint names the setting that limits a boot.
func (p *Pool) timeoutHint(a Accel) string {
	if p.Limit > 0 && p.bootTimeout(a) == p.Limit {
		return "give it more time with --timeout"
	}
	return "give it more time with boot-timeout in flakeci.toml"
}

func (p *Pool) maxSilence(a Accel) time.Duration {
	return cmp.Or(p.MaxSilence, defaultMaxSilence) * a.factor()
}

// limited shortens the time of a phase to [Pool.Limit].
func (p *Pool) limited(d time.Duration) time.Duration {
	if p.Limit > 0 {
		return min(d, p.Limit)
	}
	return d
}

// Host is a host to boot.
type Host struct {
	Name   string // as in the flake
	Runner string // the folder that holds bin/run-NAME-vm
	// MemoryMiB and Cores are the guest's; 0 is unknown.
	MemoryMiB, Cores int
	Homes            []Home
	Checks           []check.Check
}

// Home is a home to activate on the host.
type Home struct {
	ID string // of its cell
	// Username and Directory are those that the home declares.
	Username, Directory string
	// Activation is the folder that holds the activate script. If it is empty, the host
	// embeds the home, and Unit activates it during the boot.
	Activation string
	Unit       string
}
