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
		mark := mark(t, cmd)
		_, err := cmd.Run(t.Context())
		var limit *proc.LimitError
		if !errors.As(err, &limit) || limit.Limit != cmd.Limit || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v", err)
		}
		if want := "sh: did not end within 50ms"; err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
		noneLeft(t, mark, time.Minute)
	}
}

// The caller's own reason to stop is not taken for the limit, and who is done in time
// does not hear of one.
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

func TestAnswer(t *testing.T) {
	const most = 1 << 20
	for _, size := range []int{0, 1, most, most + 1} {
		answer := proc.LimitedBuffer{Max: most}
		cmd := proc.Cmd{Path: "cat", Stdin: strings.NewReader(strings.Repeat("x", size)), Stdout: &answer, Supervised: true}
		_, err := cmd.Run(t.Context())
		if size > most {
			if !errors.Is(err, proc.ErrOutputTooLong) || !strings.Contains(err.Error(), "printed too much: more than 1 MiB") {
				t.Errorf("%d bytes: %v", size, err)
			}
			continue
		}
		if err != nil || len(answer.Bytes()) != size || answer.String() != string(bytes.Repeat([]byte("x"), size)) {
			t.Errorf("%d bytes are %d, %v", size, len(answer.Bytes()), err)
		}
	}
}

// A program that prints without end is ended by that.
func TestAnswerToAFlood(t *testing.T) {
	answer := proc.LimitedBuffer{Max: 1 << 20}
	cmd := proc.Cmd{Path: "yes", Stdout: &answer}
	if _, err := cmd.Run(t.Context()); !errors.Is(err, proc.ErrOutputTooLong) {
		t.Errorf("error is %v", err)
	}
}
