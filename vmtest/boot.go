package vmtest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/vmtest/check"
	"github.com/flakeci/flakeci/vmtest/guestagent"
)

// Boot boots a host, asks it for failed units, activates its homes, runs its checks and
// stops it. It calls step at the start of each phase, with the id of the home or with ""
// for a phase of the host. If the machine was to blame for a failure, Boot tries once more.
func (p *Pool) Boot(ctx context.Context, h Host, step func(home string, phase result.PhaseName)) Result {
	release, err := p.Budget.acquire(ctx, h)
	if err != nil {
		return canceledResult(h)
	}
	defer release()
	res := p.attempt(ctx, h, step)
	if ctx.Err() != nil || !slices.ContainsFunc(res.faults(), (*Fault).isInfra) {
		return res
	}
	again := p.attempt(ctx, h, step)
	again.Phases[0].Attempts = 2
	again.Flaky = ctx.Err() == nil && !slices.ContainsFunc(again.faults(), (*Fault).isInfra)
	return again
}

// attempt boots a host once.
func (p *Pool) attempt(ctx context.Context, h Host, step func(home string, phase result.PhaseName)) Result {
	s := session{pool: p, host: h, step: step, result: Result{Homes: map[string]Phase{}}}
	step("", result.PhaseBoot.Name())
	boot := newPhase(result.PhaseBoot.Name())
	m, alive, fault := p.start(ctx, h, startOptions{})
	if fault == nil {
		s.machine = m
		defer m.discard()
		s.result.Accel = m.accel
		boot.Faults = s.awaitUp(alive)
		boot.Message = s.accelNote(alive)
	} else {
		boot.Faults = []*Fault{fault}
	}
	boot.Duration = result.Seconds(time.Since(boot.Started))
	if ctx.Err() != nil {
		boot.Status, boot.Faults = result.Canceled, nil
	}
	s.result.Phases = []Phase{boot}
	s.up = fault == nil && boot.up()
	s.activateHomes(alive)
	s.runChecks(alive)
	if m != nil {
		running := alive.Err() == nil
		s.saveEvidence(ctx, running)
		if !m.stop(ctx, s.up && running) { // a panicked kernel ignores the power button
			first := &s.result.Phases[0]
			first.Message = strings.TrimPrefix(first.Message+"; a process it started is still running: flakeci is not allowed to end it", "; ")
		}
	}
	return s.result
}

// canceledResult is for a host that was never started.
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

// up reports whether the host came up, perhaps with failed units.
func (p Phase) up() bool {
	return p.Status != result.Canceled && !slices.ContainsFunc(p.Faults, func(f *Fault) bool {
		return f.Kind != result.CauseUnit && f.Kind != result.CauseActivation
	})
}

// session is one boot of a host, with its homes and checks.
type session struct {
	pool         *Pool
	host         Host
	step         func(home string, phase result.PhaseName)
	machine      *machine
	up           bool
	agentAnswers bool // the guest agent answered the last question
	state        state
	result       Result
}

// awaitUp waits until the host is up, or can no longer come up.
func (s *session) awaitUp(alive context.Context) []*Fault {
	m := s.machine
	limit := s.pool.bootTimeout(m.accel)
	limited, cancel := context.WithTimeout(alive, limit)
	defer cancel()
	select {
	case <-m.agentOpened:
	case <-limited.Done():
		return s.bootFaults(alive, limit, limited.Err())
	}
	state, err := m.inspectWhenSettled(limited)
	if err != nil {
		return s.bootFaults(alive, limit, err)
	}
	s.state, s.agentAnswers = state, true
	return state.faults(m)
}

// exitLimit is how long QEMU may take to exit after the connection to the agent was lost.
const exitLimit = 10 * time.Second

// fatalFault returns the fault that ended the machine, or nil if none did. err is the error of a
// question to the guest. A lost connection shows at once; its reason is known only when QEMU and
// its child processes have exited.
func fatalFault(alive context.Context, err error) *Fault {
	if errors.Is(err, guestagent.ErrClosed) {
		select {
		case <-alive.Done():
		case <-time.After(exitLimit):
		}
	}
	var fatal *faultError
	if errors.As(context.Cause(alive), &fatal) {
		return fatal.fault
	}
	return nil
}

// maxJobsInTitle is how many jobs a title names; a longer list goes into the message.
const maxJobsInTitle = 3

// bootFaults says why a host did not come up: a fault ended it, its agent refused a command, or it
// ran out of time.
func (s *session) bootFaults(alive context.Context, limit time.Duration, err error) []*Fault {
	if f := fatalFault(alive, err); f != nil {
		return []*Fault{f}
	}
	if alive.Err() != nil {
		return nil // interrupted
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		return []*Fault{agentFault(err)}
	}
	m := s.machine
	f := m.fault(result.CauseTimeout, "it did not come up within "+limit.String(), s.pool.timeoutHint(m.accel))
	select {
	case <-m.agentOpened:
	default:
		return []*Fault{f}
	}
	limited, cancel := context.WithTimeout(alive, s.pool.limited(5*time.Second*m.accel.factor()))
	defer cancel()
	jobs, err := m.jobs(limited)
	s.agentAnswers = err == nil
	switch {
	case err != nil:
		f.Kind, f.Title = result.CauseAgent, "the guest agent does not answer"
		f.Hint = "the guest may have run out of memory, or be hanging; see its console"
	case len(jobs) > 0:
		f.Title += ", waiting for " + strings.Join(jobs[:min(maxJobsInTitle, len(jobs))], ", ")
		if len(jobs) > maxJobsInTitle {
			f.Message = "systemd waits for:\n" + strings.Join(jobs, "\n")
		}
		f.Unit = jobs[0]
	}
	return []*Fault{f}
}

// accelNote says which accelerator ran the guest, and why.
func (s *session) accelNote(alive context.Context) string {
	m, reason := s.machine, s.machine.accelReason
	limited, cancel := context.WithTimeout(context.WithoutCancel(alive), time.Second)
	defer cancel()
	// The host's own options of QEMU may override flakeci's choice.
	if kvm, err := m.qmp.KVM(limited); err == nil && kvm != (m.accel == AccelKVM) {
		if s.result.Accel = AccelTCG; kvm {
			s.result.Accel = AccelKVM
		}
		reason = "reported by QEMU"
	}
	if reason == "" {
		return "with " + string(s.result.Accel)
	}
	return "with " + string(s.result.Accel) + ": " + reason
}

// runChecks runs the owner's checks.
func (s *session) runChecks(alive context.Context) {
	for _, c := range s.host.Checks {
		name := result.PhaseName{Kind: result.PhaseCheck, Subject: c.Label()}
		p := newPhase(name)
		switch {
		case s.result.Phases[0].Status == result.Canceled:
			p.Status = result.Canceled
		case !s.up:
			p.Status, p.Message = result.Skipped, "the host did not come up"
		default:
			s.step("", name)
			p = s.runCheck(alive, name, c)
		}
		s.result.Phases = append(s.result.Phases, p)
	}
}

func (s *session) runCheck(alive context.Context, name result.PhaseName, c check.Check) Phase {
	limited := alive
	if limit := s.pool.Limit; limit > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(alive, limit)
		defer cancel()
	}
	res := c.Run(limited, s.machine)
	p := newPhase(name)
	p.Started, p.Duration = res.Started, result.Seconds(res.Duration)
	fatal := fatalFault(alive, res.Err)
	switch {
	case res.Passed:
		p.Message = res.Seen
	case fatal != nil:
		p.Faults = []*Fault{fatal}
	case alive.Err() != nil:
		p.Status = result.Canceled
	case limited.Err() != nil:
		p.Faults = []*Fault{timeoutFault("check "+c.Label(), s.pool.Limit)}
	case res.Err != nil:
		p.Faults = []*Fault{agentFault(res.Err)}
	default:
		f := newFault(result.CauseCheck, "check "+c.Label()+" failed", "")
		f.share(c.Label(), res.Expected+"\x00"+res.Seen)
		f.Message = "expected " + res.Expected + "\ngot " + res.Seen
		f.LogTail = strings.Join(res.Detail, "\n")
		p.Faults = []*Fault{f}
	}
	return p
}

// Exec runs a program in the guest, for checks.
func (m *machine) Exec(ctx context.Context, c guestagent.Command) (guestagent.Result, error) {
	return m.agent.Exec(ctx, c)
}
