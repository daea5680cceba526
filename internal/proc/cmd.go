package proc

import (
	"context"
	"io"
	"runtime"
	"time"
)

// What the zero values of Cmd's fields stand for.
const (
	DefaultMaxLine = 64 << 10        // bytes
	DefaultGrace   = 5 * time.Second // from SIGINT to SIGKILL
)

// Cmd is a program to run. The zero value of every field but Path works. It may
// be run any number of times, also at once, if its readers, writers and
// functions stand that.
type Cmd struct {
	// Path is the program, looked up in PATH if there is no slash in it.
	Path string
	// Args are its arguments, without the program's name.
	Args []string
	// Dir is where it runs; empty is the current directory.
	Dir string
	// Env is its environment as KEY=value, of which the last one for a key
	// counts. Nil passes on flakeci's own with all that is secret in it, so
	// whatever evaluates or builds foreign code should be given one.
	Env []string
	// AddEnv is added to Env, or to what stands for it.
	AddEnv []string
	// Stdin is what it reads; nil is an empty input. A Read that blocks may still
	// be under way when Run returns.
	Stdin io.Reader
	// Stdout gets what it writes to standard output, as it is. A write that
	// fails makes Run fail.
	Stdout io.Writer
	// OnStdout gets standard output by line, as OnStderr does, beside or instead
	// of Stdout. Where both are nil, standard output is thrown away.
	OnStdout func(line []byte)
	// OnStderr gets each line of standard error without its newline, and
	// whatever bytes are in it, while the program runs. The line is valid until
	// the function returns. Calls come one after the other, but the two
	// functions may be called at the same time. Neither is called after Run has
	// returned.
	OnStderr func(line []byte)
	// OnStart gets the id of the process, which is also that of its group, once
	// it runs. It is the program's own, supervised or not.
	OnStart func(pid int)
	// Supervised has nothing that descends from the program outlive it, nor
	// flakeci: not what leaves its group or session, and not even where flakeci
	// is killed with SIGKILL. Not every program is worth it: each start takes a
	// second process that runs flakeci itself, for some MiB and 2 milliseconds,
	// where starting a program alone takes less than one. Elsewhere than on Linux
	// it does nothing.
	Supervised bool
	// MaxLine is the most bytes of a line that are kept; a longer line is cut
	// there and ends with CutMark. 0 is DefaultMaxLine.
	MaxLine int
	// Grace is the time from SIGINT to SIGKILL. 0 is DefaultGrace.
	Grace time.Duration
	// Limit is how long it may run; 0 is as long as it likes. One that takes longer is
	// ended as by a context, and [errors.As] finds a [*LimitError] in the error.
	Limit time.Duration
}

// Run runs the program to its end. An error is always an [*Error]: the program
// could not be started, ended with an exit code other than 0 or by a signal,
// was stopped because of the context (then [errors.Is] finds [context.Canceled]
// or [context.DeadlineExceeded] in it, whatever the exit code), or its output
// could not be handed on. The usage is filled in whenever it was started.
func (c *Cmd) Run(ctx context.Context) (Usage, error) {
	// The kernel sends the parent-death signal when the *thread* that started
	// the child ends. This keeps the thread for as long as the child lives; it
	// would be blocked in waiting for it anyhow.
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

// exitError makes an error of how a process ended, or none if all is well.
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

// newError returns an error for a program that did not get to run.
func (c *Cmd) newError(err error) *Error {
	return &Error{Argv: append([]string{c.Path}, c.Args...), ExitCode: -1, Err: err}
}
