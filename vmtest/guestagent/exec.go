package guestagent

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The time between two checks on a program doubles from minPause to maxPause.
const (
	minPause = 20 * time.Millisecond
	maxPause = 200 * time.Millisecond
)

// cleanupLimit is the time for cleanup in the guest after a context has ended.
const cleanupLimit = time.Second

// Command is a program to run in the guest. Its strings must be UTF-8.
type Command struct {
	// Path is the program. Without a slash it is looked up in the agent's PATH.
	Path string
	// Args are the arguments, without the program's name.
	Args []string
	// Env is the whole environment as KEY=value, without anything of the agent's, even PATH.
	// If it is empty, the program gets the agent's environment.
	Env []string
	// Input is the program's standard input.
	Input []byte
}

// maxOutput is how many bytes of each stream qemu-ga keeps.
const maxOutput = 16 << 20

// Result is how a program ended.
type Result struct {
	ExitCode       int // -1 if a signal ended it
	Signal         int // the signal that ended it, or 0
	Stdout, Stderr []byte
	// Truncated reports that a stream had more than the 16 MiB that the agent keeps.
	Truncated bool
}

// Exec runs a program in the guest and waits until it has exited and nothing holds its output
// open: a daemon that it leaves behind must close it. A program that fails is a Result; an
// [*Error] means that it could not be started, or that the agent has restarted since and does not
// know it.
//
// When the context ends, Exec returns its error up to a second later: it tries to send SIGTERM
// to the program and does not wait for it to exit. If it must exit, run it with `timeout -k`. If
// the context ended before the agent replied, the program may start later.
func (c *Client) Exec(ctx context.Context, cmd Command) (Result, error) {
	pid, err := c.start(ctx, cmd)
	if err != nil {
		return Result{}, err
	}
	status, err := c.wait(ctx, pid)
	if err != nil {
		if ctx.Err() != nil {
			c.terminate(ctx, pid)
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

// status is the result of guest-exec-status. The agent leaves out what does not apply.
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
	case len(s.Stdout) > maxOutput || len(s.Stderr) > maxOutput:
		return Result{}, errors.New("the guest agent returned more than 16 MiB of a program's output")
	case s.Signal != 0:
	case s.ExitCode != nil:
		r.ExitCode = *s.ExitCode
	default:
		return Result{}, errors.New("the guest agent does not say how the program ended")
	}
	return r, nil
}

// status returns the status of a process. After reporting an exit, the agent forgets it.
func (c *Client) status(ctx context.Context, pid int64) (status, error) {
	args := struct {
		PID int64 `json:"pid"`
	}{pid}
	var s status
	err := c.call(ctx, "guest-exec-status", args, &s)
	return s, err
}

// wait polls until a process has exited.
func (c *Client) wait(ctx context.Context, pid int64) (status, error) {
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		s, err := c.status(ctx, pid)
		if err != nil || s.Exited {
			return s, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return status{}, contextError(ctx)
		}
	}
}

// terminate sends SIGTERM, which timeout(1) passes on. It checks the status first, so as not to
// hit another process that got the same id.
func (c *Client) terminate(ctx context.Context, pid int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupLimit)
	defer cancel()
	if s, err := c.status(ctx, pid); err != nil || s.Exited {
		return
	}
	kill := Command{Path: "/bin/sh", Args: []string{"-c", fmt.Sprintf("kill -TERM %d", pid)}}
	_, _ = c.start(ctx, kill)
}
