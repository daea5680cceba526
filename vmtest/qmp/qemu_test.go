package qmp_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/test/socket"
	"github.com/flakeci/flakeci/vmtest/qmp"
)

// machine is a real QEMU whose guest has not started.
type machine struct{ *socket.Program }

// startQEMU starts a QEMU with additional arguments, and stops it after the test.
func startQEMU(t *testing.T, args ...string) machine {
	t.Helper()
	path := socket.Path(t)
	return machine{socket.Start(t, path, proc.Cmd{
		Path: "qemu-system-x86_64",
		Args: append([]string{
			"-S", "-display", "none", "-machine", "accel=tcg", "-nodefaults", "-m", "16",
			"-qmp", "unix:" + path + ",server=on,wait=off",
		}, args...),
		OnStderr: func(line []byte) { t.Logf("qemu: %s", line) },
	}, "qemu-system-x86_64 is not installed (Debian: qemu-system-x86)")}
}

// dial waits until QEMU listens, and connects.
func (m machine) dial(t *testing.T) *qmp.Client {
	t.Helper()
	return socket.Dial(t, m.Program, qmp.Dial)
}

// waitEnd waits until QEMU has exited.
func (m machine) waitEnd(t *testing.T) {
	t.Helper()
	select {
	case <-m.Ended:
	case <-time.After(socket.Patience):
		t.Fatal("QEMU is still running")
	}
}

// nextEvent returns the name of the next event, "" after the last.
func nextEvent(t *testing.T, c *qmp.Client) string {
	t.Helper()
	select {
	case e := <-c.Events():
		return e.Name
	case <-time.After(socket.Patience):
		t.Fatal("no event")
		return ""
	}
}

func do(t *testing.T, c *qmp.Client, commands ...string) {
	t.Helper()
	for _, command := range commands {
		if err := c.Execute(socket.Within(t, socket.Patience), command, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestQuestions(t *testing.T) {
	c := startQEMU(t).dial(t)
	if kvm, err := c.KVM(socket.Within(t, socket.Patience)); kvm || err != nil {
		t.Errorf("KVM: %v, %v", kvm, err)
	}
	if status, err := c.Status(socket.Within(t, socket.Patience)); status != "prelaunch" || err != nil {
		t.Errorf("status: %q, %v", status, err)
	}
	do(t, c, "cont")
	if status, err := c.Status(socket.Within(t, socket.Patience)); status != "running" || err != nil {
		t.Errorf("status: %q, %v", status, err)
	}
}

func TestEvents(t *testing.T) {
	c := startQEMU(t).dial(t)
	before := time.Now().Add(-time.Second)
	do(t, c, "cont", "stop", "system_reset")
	if err := c.Powerdown(socket.Within(t, socket.Patience)); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"RESUME", "STOP"} {
		if got := nextEvent(t, c); got != want {
			t.Errorf("event %q, want %q", got, want)
		}
	}
	reset := <-c.Events()
	if reset.Name != "RESET" || string(reset.Data) != `{"guest": false, "reason": "host-qmp-system-reset"}` {
		t.Errorf("event %q with %s", reset.Name, reset.Data)
	}
	if reset.Time.Before(before) || reset.Time.After(time.Now().Add(time.Second)) {
		t.Errorf("its time is %v", reset.Time)
	}
	if got := nextEvent(t, c); got != "POWERDOWN" {
		t.Errorf("event %q", got)
	}
}

// Replies do not overtake events, and do not wait for somebody to read those.
func TestEventsAreReadLate(t *testing.T) {
	c := startQEMU(t).dial(t)
	const times = 1000
	for range times {
		do(t, c, "cont", "stop")
	}
	for i := range times {
		if on, off := nextEvent(t, c), nextEvent(t, c); on != "RESUME" || off != "STOP" {
			t.Fatalf("events %d are %q and %q", i, on, off)
		}
	}
}

func TestManyAskAtOnce(t *testing.T) {
	c := startQEMU(t).dial(t)
	ctx := socket.Within(t, socket.Patience)
	errs := make(chan error)
	const askers = 20
	for range askers {
		go func() { errs <- askOften(ctx, c) }()
	}
	for range askers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

// askOften repeats three commands with replies of different shapes.
func askOften(ctx context.Context, c *qmp.Client) error {
	for range 50 {
		var name struct {
			Status string `json:"status"`
			QEMU   any    `json:"qemu"`
		}
		if err := c.Execute(ctx, "query-status", nil, &name); err != nil || name.Status == "" {
			return fmt.Errorf("status %q, %w", name.Status, err)
		}
		if err := c.Execute(ctx, "query-version", nil, &name); err != nil || name.QEMU == nil {
			return fmt.Errorf("version %v, %w", name.QEMU, err)
		}
		var refused *qmp.Error
		if err := c.Execute(ctx, "nonesuch", nil, nil); !errors.As(err, &refused) {
			return fmt.Errorf("nonesuch: %w", err)
		}
	}
	return nil
}

func TestRefusal(t *testing.T) {
	c := startQEMU(t).dial(t)
	var refused *qmp.Error
	err := c.Execute(socket.Within(t, socket.Patience), "nonesuch", nil, nil)
	if !errors.As(err, &refused) || *refused != (qmp.Error{Command: "nonesuch", Class: "CommandNotFound", Desc: "The command nonesuch has not been found"}) {
		t.Errorf("error is %#v", err)
	}
	if err := c.Execute(socket.Within(t, socket.Patience), "screendump", map[string]any{"file": "x"}, nil); !errors.As(err, &refused) || refused.Class != "GenericError" {
		t.Errorf("error is %#v", err)
	}
	if err := c.Execute(socket.Within(t, socket.Patience), "query-status", func() {}, nil); err == nil {
		t.Error("a function became JSON")
	}
	do(t, c, "query-status") // the connection still works
}

// QEMU's longest reply is its schema.
func TestLongReply(t *testing.T) {
	c := startQEMU(t).dial(t)
	var schema []any
	if err := c.Execute(socket.Within(t, socket.Patience), "query-qmp-schema", nil, &schema); err != nil || len(schema) < 100 {
		t.Errorf("%d parts, %v", len(schema), err)
	}
}

func TestQuit(t *testing.T) {
	m := startQEMU(t)
	c := m.dial(t)
	if err := c.Quit(socket.Within(t, socket.Patience)); err != nil {
		t.Error(err)
	}
	if got := nextEvent(t, c); got != "SHUTDOWN" {
		t.Errorf("event %q", got)
	}
	if got := nextEvent(t, c); got != "" {
		t.Errorf("event %q after the last", got)
	}
	m.waitEnd(t)
	if err := c.Execute(socket.Within(t, socket.Patience), "query-status", nil, nil); !errors.Is(err, qmp.ErrClosed) {
		t.Errorf("error is %v", err)
	}
	if err := c.Quit(socket.Within(t, socket.Patience)); err != nil {
		t.Errorf("quitting twice: %v", err)
	}
}

func TestSecondClientGetsNoGreeting(t *testing.T) {
	m := startQEMU(t)
	first := m.dial(t)
	if _, err := qmp.Dial(socket.Within(t, 200*time.Millisecond), m.Socket); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
	do(t, first, "query-status")
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	do(t, m.dial(t), "query-status")
}

func TestQEMUIsKilled(t *testing.T) {
	m := startQEMU(t)
	c := m.dial(t)
	do(t, c, "cont")
	// A stopped QEMU cannot reply first.
	if err := syscall.Kill(m.PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	errs := make(chan error)
	for range 3 {
		go func() { errs <- c.Execute(socket.Within(t, socket.Patience), "query-status", nil, nil) }()
	}
	time.Sleep(50 * time.Millisecond)
	if err := syscall.Kill(m.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := <-errs; !errors.Is(err, qmp.ErrClosed) {
			t.Errorf("error is %v", err)
		}
	}
	if got := nextEvent(t, c) + nextEvent(t, c); got != "RESUME" {
		t.Errorf("events %q", got)
	}
	if _, err := c.Status(socket.Within(t, socket.Patience)); !errors.Is(err, qmp.ErrClosed) {
		t.Errorf("error is %v", err)
	}
}

func TestNobodyListens(t *testing.T) {
	_, err := qmp.Dial(socket.Within(t, socket.Patience), filepath.Join(t.TempDir(), "nobody"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}
