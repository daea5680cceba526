package container

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/safely"
)

// run runs flakeci in the container and returns its exit code.
func (b *box) run(ctx context.Context, o Options) (int, error) {
	asking := context.WithoutCancel(ctx) // an interruption ends the run, not the questions about it
	tty := o.Terminal != nil
	made, err := b.client.ExecCreate(asking, b.id, client.ExecCreateOptions{
		TTY: tty, AttachStdin: tty, AttachStdout: true, AttachStderr: true,
		Env: o.Env, WorkingDir: o.Dir, Cmd: append([]string{programPath, "in-container"}, o.Args...),
	})
	if err != nil {
		return 0, fmt.Errorf("cannot start flakeci in the container: %w", err)
	}
	streams, err := b.client.ExecAttach(asking, made.ID, client.ExecAttachOptions{TTY: tty})
	if err != nil {
		return 0, fmt.Errorf("cannot start flakeci in the container: %w", err)
	}
	defer streams.Close()
	over := make(chan struct{})
	defer close(over)
	defer b.interruptOn(ctx, proc.Killed(ctx, over))()
	if tty {
		err = b.onTerminal(asking, made.ID, streams.HijackedResponse, o.Terminal)
	} else {
		err = printLines(streams.Reader, o.Print)
	}
	if err != nil {
		return 0, fmt.Errorf("lost the connection to the container: %w", err)
	}
	return b.exitCode(asking, made.ID)
}

// maxLine is the longest part of a line that is printed at once, in bytes.
const maxLine = 64 << 10

// printLines prints what a run without a terminal writes to stderr. Its stdout has nothing.
func printLines(from io.Reader, print func(string)) error {
	lines, to := io.Pipe()
	done := make(chan struct{})
	safely.Go(func() {
		defer close(done)
		for r := bufio.NewReaderSize(lines, maxLine); ; {
			line, err := r.ReadSlice('\n')
			if len(line) > 0 {
				print(string(line))
			}
			if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
				return
			}
		}
	})
	_, err := stdcopy.StdCopy(io.Discard, to, from)
	to.Close()
	<-done
	return err
}

// exitCode returns the exit code of a program that has closed its streams.
func (b *box) exitCode(ctx context.Context, id string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, endLimit)
	defer cancel()
	for {
		state, err := b.client.ExecInspect(ctx, id, client.ExecInspectOptions{})
		if err != nil {
			return 0, fmt.Errorf("the container ended before the run: %w", err)
		}
		if !state.Running {
			return state.ExitCode, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
}
