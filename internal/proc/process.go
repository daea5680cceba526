package proc

import (
	"context"
	"os/exec"
	"syscall"
	"time"

	"github.com/flakeci/flakeci/internal/safely"
)

// process is a program that runs or has ended.
type process struct {
	cmd         *exec.Cmd
	leader      leader
	grace       time.Duration
	outputs     []*output
	last        lastLine
	outcome     outcome
	exited      chan struct{} // closed when the leader has ended and is not reaped yet
	outputEnded chan struct{} // closed after the last read from its outputs
}

// start starts the program and reads its outputs.
func (c *Cmd) start() (*process, error) {
	p := &process{grace: c.Grace, exited: make(chan struct{}), outputEnded: make(chan struct{})}
	if p.grace <= 0 {
		p.grace = defaultGrace
	}
	p.cmd = exec.Command(c.Path, c.Args...)
	p.cmd.Dir, p.cmd.Env = c.Dir, c.Env
	if len(c.AddEnv) > 0 {
		p.cmd.Env = append(p.cmd.Environ(), c.AddEnv...)
	}
	w, err := c.connect(p)
	if err != nil {
		return nil, err
	}
	start := startDirect
	if c.Supervised {
		start = startSupervised
	}
	p.leader, err = start(p.cmd)
	w.started(err)
	if err != nil {
		return nil, err
	}
	safely.Go(p.readAll)
	return p, nil
}

// wait waits until the leader is reaped and the group killed. It reports whether the context
// was the reason.
func (p *process) wait(ctx context.Context) (interrupted bool) {
	ended := make(chan bool, 1)
	safely.Go(func() { ended <- p.interrupt(ctx) })
	p.leader.await()
	close(p.exited)
	interrupted = <-ended
	p.leader.signal(syscall.SIGKILL)
	p.outcome = p.leader.reap()
	return interrupted
}

// interrupt waits for the end of the process or of the context, and stops the group in the
// second case: SIGINT, then SIGKILL after the grace time. The grace time does not end with the
// leader, as other processes may still write output.
func (p *process) interrupt(ctx context.Context) bool {
	select {
	case <-p.exited:
		return false
	case <-ctx.Done():
	}
	p.leader.signal(syscall.SIGINT)
	grace := time.NewTimer(p.grace)
	defer grace.Stop()
	done := make(chan struct{})
	defer close(done)
	kill := killChannel(ctx, done)
	for _, over := range []chan struct{}{p.exited, p.outputEnded} {
		select {
		case <-over:
			continue
		case <-grace.C:
		case <-kill:
		}
		p.leader.signal(syscall.SIGKILL)
		break
	}
	return true
}

// status returns the leader's exit code, or -1 and a signal.
func (p *process) status() (code int, sig syscall.Signal) {
	if status := p.outcome.Status; status.Signaled() {
		return -1, status.Signal()
	}
	return p.outcome.Status.ExitStatus(), 0
}
