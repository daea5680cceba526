package vmtest

import (
	"time"

	"github.com/flakeci/flakeci/internal/artifact"
)

// Lab is where hosts are booted: what they have in common. It may be used by
// several goroutines at once.
type Lab struct {
	// Accel chooses what runs the guests.
	Accel *Accelerator
	// Dir holds a folder for each guest while it runs.
	Dir string
	// Path is where the runners look for programs, as PATH has it.
	Path string
	// Artifacts is the folder for logs and pictures of what failed; nil keeps
	// none.
	Artifacts *artifact.Folder
	// BootTimeout is how long a host may take until it is up, Silence for how
	// long it may print nothing on the way. Both are those of a machine with
	// KVM and five times as long without. 0 stands for the defaults below.
	BootTimeout, Silence time.Duration
	// Limit is the most that a boot may take in any case; 0 is none.
	Limit time.Duration
	// OpenNetwork lets guests out to the network.
	OpenNetwork bool
	// Budget limits how many guests run at once.
	Budget *Budget
}

// What the zero values of a Lab's limits stand for.
const (
	DefaultBootTimeout = 5 * time.Minute
	DefaultSilence     = time.Minute
)

// Host is a host to boot.
type Host struct {
	Name   string // as the flake calls it
	Runner string // the folder that holds bin/run-NAME-vm
	// MemoryMiB and Cores are what the guest gets; 0 is not known.
	MemoryMiB, Cores int
	Homes            []Home
	Checks           []Check
}

// Home is one to activate inside the host.
type Home struct {
	ID string // of its cell
	// Username and Directory are whose it is and where, as the home says.
	Username, Directory string
	// Activation is the folder that holds its activate script. Empty is a home
	// that the host embeds and activates by Unit while it boots.
	Activation string
	Unit       string
}
