package vmtest

import (
	"time"

	"github.com/flakeci/flakeci/result"
)

// Result is what became of a host that was to boot.
type Result struct {
	// Phases are, in order, the boot and each check. A boot that failed has no
	// checks after it.
	Phases []Phase
	// Homes tells of the homes that were to be activated, by [Home.ID].
	Homes map[string]Phase
	// Accel is what ran the guest, "kvm" or "tcg", and empty if nothing did.
	Accel Accel
	// Flaky says that a first attempt ended by a fault of the machine's.
	Flaky bool
}

// Phase is one step of a host or a home. Its status is passed, skipped or canceled; if it has
// faults, they decide.
type Phase struct {
	result.Phase
	Faults []*Fault
}

func newPhase(name result.PhaseName) Phase {
	return Phase{Phase: result.Phase{Name: name, Status: result.Passed, Started: time.Now(), Attempts: 1}}
}

// Fault is what was wrong with a host.
type Fault struct {
	Kind    result.CauseKind
	Title   string // one line, without the host's name
	Message string // all there is to say
	Hint    string // what to do about it
	// Unit is the systemd unit at fault, if it is one of the host's own.
	Unit string
	// Key tells the same fault of several hosts, such as one unit file that
	// fails on all of them; empty is this host's own.
	Key string
	// ExitCode is that of the program at fault, 0 where there is none.
	ExitCode int
	// Tail is the end of the log that shows it, Log the file with the whole.
	Tail []string
	Log  string
}

// machines says whether the fault is the machine's, so that a second attempt
// may fare better.
func (f *Fault) machines() bool { return f.Kind == result.CauseInfra }
