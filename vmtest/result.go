package vmtest

import (
	"time"

	"github.com/flakeci/flakeci/result"
)

// Result is the outcome of booting a host.
type Result struct {
	// Phases are the boot and each check, in order. Checks are skipped if the boot failed.
	Phases []Phase
	// Homes holds a phase for each home, by [Home.ID].
	Homes map[string]Phase
	// Accel is how the guest was run, "kvm" or "tcg". It is empty if it did not start.
	Accel Accel
	// Flaky reports that a first attempt failed because of the machine.
	Flaky bool
}

// faults returns the faults of all phases, those of homes included.
func (r Result) faults() []*Fault {
	var all []*Fault
	for _, p := range r.Phases {
		all = append(all, p.Faults...)
	}
	for _, p := range r.Homes {
		all = append(all, p.Faults...)
	}
	return all
}

// Phase is one step of a host or a home. Its status is passed, skipped or canceled; if it
// has faults, they decide.
type Phase struct {
	result.Phase
	Faults []*Fault
}

func newPhase(name result.PhaseName) Phase {
	return Phase{Phase: result.Phase{Name: name, Status: result.Passed, Started: time.Now(), Attempts: 1}}
}

// Fault is a problem with a host. Its title does not name the host.
type Fault struct {
	result.Cause
	// Unit is the systemd unit at fault, unless it is a user's.
	Unit string
	// Shared is the same for the same fault on several hosts of a run, such as one unit file
	// that fails on all of them. It is empty if the fault concerns this host alone.
	Shared string
}

// share names a fault by what is the same on all hosts that have it. The detail, such as the store
// path of a unit, distinguishes it from others of the same name, but only within this run.
func (f *Fault) share(name, detail string) {
	f.Key, f.Shared = result.NewCauseKey(f.Kind, name), string(f.Kind)+"\x00"+name+"\x00"+detail
}

func newFault(kind result.CauseKind, title, hint string) *Fault {
	return &Fault{Cause: result.Cause{Kind: kind, Title: title, Hint: hint}}
}

// infraFault is a fault of the machine that flakeci runs on.
func infraFault(title string, err error) *Fault {
	f := newFault(result.CauseInfra, title+": "+err.Error(), "")
	f.Message = err.Error()
	return f
}

// agentFault is the fault of a running guest that does not answer as it should.
func agentFault(err error) *Fault {
	reason := truncateLine(err.Error())
	f := newFault(result.CauseAgent, "the guest could not be queried: "+reason, "")
	f.Message = reason
	return f
}

// timeoutFault is the fault of a phase that took too long.
func timeoutFault(what string, limit time.Duration) *Fault {
	return newFault(result.CauseTimeout, what+" took longer than "+limit.String(), "")
}

// isInfra reports whether the machine is to blame, so that a second attempt may succeed.
func (f *Fault) isInfra() bool { return f.Kind == result.CauseInfra }
