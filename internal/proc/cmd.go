package proc

import (
	"context"
	"io"
	"runtime"
	"time"
)

// The defaults of [Cmd].
const (
	defaultMaxLine = 64 << 10        // bytes
	defaultGrace   = 5 * time.Second // from SIGINT to SIGKILL
)

// Cmd is a program to run. Every field but Path is optional. A Cmd may run several times, also
// concurrently if its readers, writers and functions allow that.
type Cmd struct {
	// Path is the program, looked up in PATH if it has no slash.
	Path string
	// Args are the arguments, without the program's name.
	Args []string
	// Dir is the working directory; empty is the current one.
	Dir string
	// Env is the environment as KEY=value; the last value of a key counts. If it is nil, the
	// program gets flakeci's environment with its secrets, so programs that evaluate or build
	// foreign code need an Env.
	Env []string
	// AddEnv is added to Env, or to flakeci's environment.
	AddEnv []string
	// Stdin is the standard input; nil is an empty input. A Read that blocks may still be in
	// progress when Run returns.
	Stdin io.Reader
	// Stdout gets the unchanged standard output. Run fails if a write fails.
	Stdout io.Writer
	// OnStdout gets standard output by line, like OnStderr, in addition to Stdout. If both are
	// nil, standard output is discarded.
	OnStdout func(line []byte)
	// OnStderr gets each line of standard error, as any bytes without the newline, while the
	// program runs. The line is valid until the function returns. Calls of OnStderr do not
	// overlap each other, but may overlap those of OnStdout. There are none after Run has
	// returned.
	OnStderr func(line []byte)
	// OnStart gets the program's process id, which is also its group's, once it runs.
	// Supervised or not, it is the program's own.
	OnStart func(pid int)
	// Supervised makes sure that no descendant of the program outlives it or flakeci, even if
	// it leaves the group or session, or if flakeci is killed with SIGKILL. It has a price:
	// each start takes a second process of flakeci, which costs a few MiB and 2 milliseconds,
	// while starting a program alone takes less than one. It has no effect outside Linux.
	Supervised bool
	// MaxLine limits the bytes of a line; a longer line is cut and ends with [CutMark]. 0 is
	// 64 KiB.
	MaxLine int
	// Grace is the time from SIGINT to SIGKILL. 0 is 5 seconds.
	Grace time.Duration
	// Limit is how long the program may run; 0 is no limit. At the limit it is stopped as if by
	// the context, and the error wraps a [*LimitError].
	Limit time.Duration
}

// Run runs the program and waits for it. An error is always an [*Error]: the program could not
// be started, exited with a code other than 0 or by a signal, was stopped by the context (then
// the error wraps [context.Canceled] or [context.DeadlineExceeded], whatever the exit code), or
// passing on its output failed. The usage is valid if the program was started.
func (c *Cmd) Run(ctx context.Context) (Usage, error) {
	// The kernel sends the parent-death signal when the *thread* that started the child ends.
	// This keeps the thread while the child runs; it would block in waiting anyway.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	if ctx.Err() != nil {
		return Usage{}, c.newError(contextError(ctx))
	}
	if c.Limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.Limit, &LimitError{c.Limit})
		defer cancel()
	}
	p, err := c.start()
	if err != nil {
		return Usage{}, c.newError(err)
	}
	if c.OnStart != nil {
		c.OnStart(p.leader.pid())
	}
	interrupted := p.wait(ctx)
	outputErr := p.drain()
	return p.outcome.Usage, c.exitError(ctx, p, interrupted, outputErr)
}

// exitError returns the error of a process that has ended, nil if it succeeded.
func (c *Cmd) exitError(ctx context.Context, p *process, interrupted bool, outputErr error) error {
	e := c.newError(nil)
	e.ExitCode, e.Signal = p.status()
	e.LastLine = p.last.String()
	switch {
	case interrupted:
		e.Err = contextError(ctx)
	case p.outcome.SupervisorKilled:
		e.Err = ErrSupervisorKilled
	case outputErr != nil:
		e.Err = outputErr
	case e.ExitCode == 0:
		return nil
	}
	return e
}

// newError returns the error of a program that did not run.
func (c *Cmd) newError(err error) *Error {
	return &Error{Argv: append([]string{c.Path}, c.Args...), ExitCode: -1, Err: err}
}
