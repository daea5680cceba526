package vmtest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/vmtest/guestagent"
)

// Boot boots a host, asks it how it is, activates its homes, runs its checks and
// stops it. step is told of each phase that begins, with the id of the home for
// one of a home and "" for one of the host. A boot that failed by a fault of the
// machine's is tried once more.
func (l *Lab) Boot(ctx context.Context, h Host, step func(home string, phase result.PhaseName)) Result {
	release, err := l.Budget.acquire(ctx, h)
	if err != nil {
		return canceledResult(h)
	}
	defer release()
	res := l.attempt(ctx, h, step)
	if ctx.Err() != nil || !slices.ContainsFunc(res.faults(), (*Fault).machines) {
		return res
	}
	again := l.attempt(ctx, h, step)
	again.Phases[0].Attempts = 2
	again.Flaky = ctx.Err() == nil && !slices.ContainsFunc(again.faults(), (*Fault).machines)
	return again
}

// faults lists what was wrong in all phases, those of homes too.
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

// attempt boots a host once.
func (l *Lab) attempt(ctx context.Context, h Host, step func(home string, phase result.PhaseName)) Result {
	b := booting{lab: l, host: h, step: step, result: Result{Homes: map[string]Phase{}}}
	step("", result.PhaseBoot.Name())
	boot := newPhase(result.PhaseBoot.Name())
	m, alive, fault := l.start(ctx, h, startOptions{})
	if fault == nil {
		b.machine = m
		defer m.discard()
		b.result.Accel = m.accel
		boot.Faults = b.comeUp(alive)
		boot.Message = b.accelNote(alive)
	} else {
		boot.Faults = []*Fault{fault}
	}
	boot.Duration = result.Seconds(time.Since(boot.Started))
	if ctx.Err() != nil {
		boot.Status, boot.Faults = result.Canceled, nil
	}
	b.result.Phases = []Phase{boot}
	b.up = fault == nil && boot.up()
	b.homes(alive)
	b.checks(alive)
	if m != nil {
		runs := alive.Err() == nil
		b.keepEvidence(ctx, runs)
		if !m.stop(ctx, b.up && runs) { // one that panicked hears no power button
			first := &b.result.Phases[0]
			first.Message = strings.TrimPrefix(first.Message+"; what it started still runs: flakeci may not end it", "; ")
		}
	}
	return b.result
}

// canceledResult is that of a host whose turn never came.
func canceledResult(h Host) Result {
	canceled := func(kind result.PhaseKind) Phase {
		p := newPhase(kind.Name())
		p.Status = result.Canceled
		return p
	}
	r := Result{Phases: []Phase{canceled(result.PhaseBoot)}, Homes: map[string]Phase{}}
	for _, home := range h.Homes {
		r.Homes[home.ID] = canceled(result.PhaseActivate)
	}
	return r
}

// up says whether the host came up, though perhaps not with all its units.
func (p Phase) up() bool {
	return p.Status != result.Canceled && !slices.ContainsFunc(p.Faults, func(f *Fault) bool {
		return f.Kind != result.CauseUnit && f.Kind != result.CauseActivation
	})
}

// booting is one host on its way.
type booting struct {
	lab     *Lab
	host    Host
	step    func(home string, phase result.PhaseName)
	machine *machine
	up      bool
	answers bool // the guest's agent, when it was last asked
	state   state
	result  Result
}

// comeUp waits until the host is up or will never be.
func (b *booting) comeUp(alive context.Context) []*Fault {
	m := b.machine
	limit := b.lab.bootTimeout(m.accel)
	limited, cancel := context.WithTimeout(alive, limit)
	defer cancel()
	select {
	case <-m.opened:
	case <-limited.Done():
		return b.notUp(alive, limit, limited.Err())
	}
	state, err := m.ask(limited)
	if err != nil {
		return b.notUp(alive, limit, err)
	}
	b.state, b.answers = state, true
	return state.faults(m)
}

// How long it may take until it is known why a connection to a guest was lost.
const fateLimit = 10 * time.Second

// fate is the fault that ended the machine, nil if none did. err is what was the
// matter with asking it: that a connection is lost is seen at once, and why only
// when QEMU and all it started are gone.
func fate(alive context.Context, err error) *Fault {
	if errors.Is(err, guestagent.ErrClosed) {
		select {
		case <-alive.Done():
		case <-time.After(fateLimit):
		}
	}
	var died *faultError
	if errors.As(context.Cause(alive), &died) {
		return died.fault
	}
	return nil
}

// The most jobs that a title names; a longer list is the message.
const namedJobs = 3

// notUp says why a host did not come up: a fault that ended it, an agent that
// refuses, or the time.
func (b *booting) notUp(alive context.Context, limit time.Duration, err error) []*Fault {
	if f := fate(alive, err); f != nil {
		return []*Fault{f}
	}
	if alive.Err() != nil {
		return nil // interrupted
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		return []*Fault{unasked(err)}
	}
	m := b.machine
	f := &Fault{Kind: result.CauseTimeout, Title: "it was not up after " + limit.String(), Tail: m.serial.tail(shownLines), Hint: b.lab.moreTime(m.accel)}
	select {
	case <-m.opened:
	default:
		return []*Fault{f}
	}
	limited, cancel := context.WithTimeout(alive, b.lab.atMost(5*time.Second*m.accel.factor()))
	defer cancel()
	jobs, err := m.jobs(limited)
	b.answers = err == nil
	switch {
	case err != nil:
		f.Kind, f.Title = result.CauseAgent, "the guest agent does not answer"
		f.Hint = "the guest may have run out of memory, or hang; see its console"
	case len(jobs) > 0:
		f.Title += ", waiting for " + strings.Join(jobs[:min(namedJobs, len(jobs))], ", ")
		if len(jobs) > namedJobs {
			f.Message = "systemd waits for:\n" + strings.Join(jobs, "\n")
		}
		f.Unit = jobs[0]
	}
	return []*Fault{f}
}

func (l *Lab) bootTimeout(a Accel) time.Duration {
	return l.atMost(cmp.Or(l.BootTimeout, DefaultBootTimeout) * a.factor())
}

// atMost shortens the time of a phase to what any may take.
func (l *Lab) atMost(limit time.Duration) time.Duration {
	if l.Limit > 0 {
		return min(limit, l.Limit)
	}
	return limit
}

// moreTime says which limit it was that a host ran into.
func (l *Lab) moreTime(a Accel) string {
	if l.Limit > 0 && l.bootTimeout(a) == l.Limit {
		return "give it more with --timeout"
	}
	return "give it more with boot-timeout in flakeci.toml"
}

func (l *Lab) silence(a Accel) time.Duration {
	return cmp.Or(l.Silence, DefaultSilence) * a.factor()
}

// accelNote says what ran the guest, and why.
func (b *booting) accelNote(alive context.Context) string {
	m, why := b.machine, b.machine.why
	limited, cancel := context.WithTimeout(context.WithoutCancel(alive), time.Second)
	defer cancel()
	// QEMU has the last word: the host's own options may say otherwise.
	if kvm, err := m.qmp.KVM(limited); err == nil && kvm != (m.accel == AccelKVM) {
		if b.result.Accel = AccelTCG; kvm {
			b.result.Accel = AccelKVM
		}
		why = "QEMU says so"
	}
	if why == "" {
		return "with " + string(b.result.Accel)
	}
	return "with " + string(b.result.Accel) + ": " + why
}

// checks runs what the owner wants to be true of the host.
func (b *booting) checks(alive context.Context) {
	for _, c := range b.host.Checks {
		name := result.PhaseName{Kind: result.PhaseCheck, Subject: c.Label()}
		p := newPhase(name)
		switch {
		case b.result.Phases[0].Status == result.Canceled:
			p.Status = result.Canceled
		case !b.up:
			p.Status, p.Message = result.Skipped, "the host did not come up"
		default:
			b.step("", name)
			p = b.check(alive, name, c)
		}
		b.result.Phases = append(b.result.Phases, p)
	}
}

// Exec runs a program in the guest, for checks.
func (m *machine) Exec(ctx context.Context, c guestagent.Command) (guestagent.Result, error) {
	return m.agent.Exec(ctx, c)
}

// unasked is the fault of a guest that is there and does not answer as it should.
func unasked(err error) *Fault {
	why := cut(err.Error())
	return &Fault{Kind: result.CauseAgent, Title: "the guest could not be asked: " + why, Message: why}
}

// tooLong is the fault of a phase that took more time than it had.
func tooLong(what string, limit time.Duration) *Fault {
	return &Fault{Kind: result.CauseTimeout, Title: what + " took longer than " + limit.String()}
}

func (b *booting) check(alive context.Context, name result.PhaseName, c Check) Phase {
	limited := alive
	if l := b.lab; l.Limit > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(alive, l.Limit)
		defer cancel()
	}
	res := c.Run(limited, b.machine)
	p := newPhase(name)
	p.Started, p.Duration = res.Started, result.Seconds(res.Duration)
	died := fate(alive, res.Err)
	switch {
	case res.Passed:
		p.Message = res.Seen
	case died != nil:
		p.Faults = []*Fault{died}
	case alive.Err() != nil:
		p.Status = result.Canceled
	case limited.Err() != nil:
		p.Faults = []*Fault{tooLong("check "+c.Label(), b.lab.Limit)}
	case res.Err != nil:
		p.Faults = []*Fault{unasked(res.Err)}
	default:
		p.Faults = []*Fault{{
			Kind: result.CauseCheck, Title: "check " + c.Label() + " failed",
			Key:     strings.Join([]string{"check", c.Label(), res.Expected, res.Seen}, "\x00"),
			Message: "expected " + res.Expected + "\nseen " + res.Seen, Tail: res.Detail,
		}}
	}
	return p
}
