//go:build linux

package proc_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
)

func TestLimit(t *testing.T) {
	for _, supervised := range []bool{false, true} {
		cmd := sh("sleep 1000")
		cmd.Supervised, cmd.Limit = supervised, 50*time.Millisecond
		id := label(t, cmd)
		_, err := cmd.Run(t.Context())
		var limit *proc.LimitError
		if !errors.As(err, &limit) || limit.Limit != cmd.Limit || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v", err)
		}
		if want := "sh: did not end within 50ms"; err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
		noneLeft(t, id, time.Minute)
	}
}

// The caller's reason to stop is not reported as the limit, and a program that ends in time
// gives no error.
func TestLimitIsNotTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cmd := sh("sleep 1000")
	cmd.Limit, cmd.OnStart = time.Hour, func(int) { cancel() }
	if _, err := cmd.Run(ctx); !errors.Is(err, context.Canceled) || errors.As(err, new(*proc.LimitError)) {
		t.Errorf("error is %v", err)
	}
	cmd = sh("exit 3")
	cmd.Limit = time.Hour
	if _, err := cmd.Run(t.Context()); errors.As(err, new(*proc.LimitError)) {
		t.Errorf("error is %v", err)
	}
}

func TestLimitedBuffer(t *testing.T) {
	const most = 1 << 20
	for _, size := range []int{0, 1, most, most + 1} {
		output := proc.LimitedBuffer{Max: most}
		cmd := proc.Cmd{Path: "cat", Stdin: strings.NewReader(strings.Repeat("x", size)), Stdout: &output, Supervised: true}
		_, err := cmd.Run(t.Context())
		if size > most {
			if !errors.Is(err, proc.ErrOutputTooLong) || !strings.Contains(err.Error(), "printed too much: more than 1 MiB") {
				t.Errorf("%d bytes: %v", size, err)
			}
			continue
		}
		if err != nil || len(output.Bytes()) != size || output.String() != string(bytes.Repeat([]byte("x"), size)) {
			t.Errorf("%d bytes are %d, %v", size, len(output.Bytes()), err)
		}
	}
}

// A program that prints endlessly fails at the limit.
func TestLimitedBufferEndsAFlood(t *testing.T) {
	output := proc.LimitedBuffer{Max: 1 << 20}
	cmd := proc.Cmd{Path: "yes", Stdout: &output}
	if _, err := cmd.Run(t.Context()); !errors.Is(err, proc.ErrOutputTooLong) {
		t.Errorf("error is %v", err)
	}
}
