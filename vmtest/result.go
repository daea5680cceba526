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

// Phase is one step of a host or a home.
type Phase struct {
	Name     result.PhaseName
	Started  time.Time
	Duration time.Duration
	Attempts int
	Message  string   // what is to be known of a phase that passed, or why it was skipped
	Faults   []*Fault // none if it passed
	Files    []string // evidence that was kept, with the first phase of the host's that failed
	Skipped  bool     // it did not take place
	Canceled bool     // the run was interrupted meanwhile
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
