package guestagent

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Waiting for a program: the time to the first look, and the longest between two.
const (
	firstLook = 20 * time.Millisecond
	slowLook  = 200 * time.Millisecond
)

// parting is the time for cleaning up in the guest after a context has ended.
const parting = time.Second

// Command is a program to run in the guest. Its strings must be UTF-8.
type Command struct {
	// Path is the program. Without a slash it is looked up in the agent's PATH.
	Path string
	// Args are its arguments, without the program's name.
	Args []string
	// Env is its whole environment as KEY=value: nothing of the agent's is added,
	// not even PATH. Empty passes on the agent's own.
	Env []string
	// Input is what it reads from standard input.
	Input []byte
}

// mostOutput is how much of each stream qemu-ga keeps, in bytes.
const mostOutput = 16 << 20

// Result is how a program ended.
type Result struct {
	ExitCode       int // -1 if it was ended by a signal
	Signal         int // the signal that ended it, or 0
	Stdout, Stderr []byte
	// Truncated says that one of the streams had more than the 16 MiB that the
	// agent keeps of each.
	Truncated bool
}

// Exec runs a program in the guest to its end, which is when it is gone and
// nothing holds its output open any more: a daemon that it leaves behind has to
// close its own. A program that fails is a Result; an [*Error] says that it could
// not be started, or that the agent was started anew meanwhile and knows nothing
// of it.
//
// When the context ends, Exec returns its error up to a second later: it tries to
// send SIGTERM to the program, and does not wait for what comes of it. If that
// matters, run the program under `timeout -k`. Where the context ended before the
// agent had answered, the program may yet be started.
func (c *Client) Exec(ctx context.Context, cmd Command) (Result, error) {
	pid, err := c.start(ctx, cmd)
	if err != nil {
		return Result{}, err
	}
	status, err := c.wait(ctx, pid)
	if err != nil {
		if ctx.Err() != nil {
			c.abandon(ctx, pid)
		}
		return Result{}, err
	}
	return status.result()
}

// start runs guest-exec and returns the id of the process.
func (c *Client) start(ctx context.Context, cmd Command) (int64, error) {
	args := struct {
		Path    string   `json:"path"`
		Args    []string `json:"arg,omitempty"`
		Env     []string `json:"env,omitempty"`
		Input   []byte   `json:"input-data,omitempty"`
		Capture bool     `json:"capture-output"`
	}{cmd.Path, cmd.Args, cmd.Env, cmd.Input, true}
	var reply struct {
		PID int64 `json:"pid"`
	}
	err := c.call(ctx, "guest-exec", args, &reply)
	return reply.PID, err
}

// status is what guest-exec-status returns. What does not apply is left out.
type status struct {
	Exited       bool   `json:"exited"`
	ExitCode     *int   `json:"exitcode"`
	Signal       int    `json:"signal"`
	Stdout       []byte `json:"out-data"`
	Stderr       []byte `json:"err-data"`
	OutTruncated bool   `json:"out-truncated"`
	ErrTruncated bool   `json:"err-truncated"`
}

func (s status) result() (Result, error) {
	r := Result{ExitCode: -1, Signal: s.Signal, Stdout: s.Stdout, Stderr: s.Stderr, Truncated: s.OutTruncated || s.ErrTruncated}
	switch {
	case len(s.Stdout) > mostOutput || len(s.Stderr) > mostOutput:
		return Result{}, errors.New("the guest agent returned more than 16 MiB of a program's output")
	case s.Signal != 0:
	case s.ExitCode != nil:
		r.ExitCode = *s.ExitCode
	default:
		return Result{}, errors.New("the guest agent does not say how the program ended")
	}
	return r, nil
}

// status asks how a process is. Once it has said that it exited, the agent
// forgets it.
func (c *Client) status(ctx context.Context, pid int64) (status, error) {
	args := struct {
		PID int64 `json:"pid"`
	}{pid}
	var s status
	err := c.call(ctx, "guest-exec-status", args, &s)
	return s, err
}

// wait asks until a process has exited.
func (c *Client) wait(ctx context.Context, pid int64) (status, error) {
	for pause := firstLook; ; pause = min(2*pause, slowLook) {
		s, err := c.status(ctx, pid)
		if err != nil || s.Exited {
			return s, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return status{}, over(ctx)
		}
	}
}

// abandon asks a process to end. Its status is asked for first, so that no other
// that got its id later is meant. SIGTERM, as timeout(1) passes that one on.
func (c *Client) abandon(ctx context.Context, pid int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), parting)
	defer cancel()
	if s, err := c.status(ctx, pid); err != nil || s.Exited {
		return
	}
	kill := Command{Path: "/bin/sh", Args: []string{"-c", fmt.Sprintf("kill -TERM %d", pid)}}
	_, _ = c.start(ctx, kill)
}
