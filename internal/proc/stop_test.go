package proc_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
)

// cancelOn cancels once a line of stderr is "ready", and keeps the other lines.
func cancelOn(cmd *proc.Cmd, cancel func()) *[]string {
	var lines []string
	cmd.OnStderr = func(line []byte) {
		if string(line) == "ready" {
			cancel()
			return
		}
		lines = append(lines, string(line))
	}
	return &lines
}

func TestCancelInterruptsFirst(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cmd := sh(`trap 'echo cleaned up >&2; exit 0' INT; echo ready >&2; while :; do sleep 0.05; done`)
	cmd.Grace = time.Minute
	lines := cancelOn(cmd, cancel)
	_, err := cmd.Run(ctx)
	var e *proc.Error
	if !errors.As(err, &e) || !errors.Is(err, context.Canceled) || e.ExitCode != 0 || e.Signal != 0 {
		t.Errorf("error is %+v", err)
	}
	if got := strings.Join(*lines, "|"); got != "cleaned up" {
		t.Errorf("lines are %q", got)
	}
}

func TestCancelKillsAfterGrace(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cmd := play(t, "stubborn")
	cmd.Grace = 50 * time.Millisecond
	cancelOn(cmd, cancel)
	_, err := cmd.Run(ctx)
	var e *proc.Error
	if !errors.As(err, &e) || !errors.Is(err, context.Canceled) || e.Signal != syscall.SIGKILL {
		t.Errorf("error is %+v", err)
	}
}

func TestKillCutsGraceShort(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	kill := make(chan struct{})
	ctx = proc.WithKill(ctx, kill)
	cmd := play(t, "stubborn")
	cmd.Grace = time.Hour
	cancelOn(cmd, func() { cancel(); close(kill) })
	if _, err := cmd.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestKillAloneDoesNothing(t *testing.T) {
	kill := make(chan struct{})
	close(kill)
	if _, err := sh("exit 0").Run(proc.WithKill(context.Background(), kill)); err != nil {
		t.Error(err)
	}
}

func TestDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	cmd := &proc.Cmd{Path: "sleep", Args: []string{"1000"}}
	_, err := cmd.Run(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestCanceledContextStartsNothing(t *testing.T) {
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(why)
	cmd := sh("exit 0")
	cmd.OnStart = func(int) { t.Error("it was started") }
	_, err := cmd.Run(ctx)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, why) {
		t.Errorf("error is %v", err)
	}
}

// The shell exits at once, but the rest of its group gets the grace time too.
func TestCancelWaitsForTheGroup(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cmd := play(t, "tidy")
	cmd.Path, cmd.Args = "/bin/sh", []string{"-c", `"$0" & trap 'exit 1' INT; wait; exit 1`, cmd.Path}
	cmd.Grace = time.Minute
	lines := cancelOn(cmd, cancel)
	if _, err := cmd.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if got := strings.Join(*lines, "|"); got != "cleaned up" {
		t.Errorf("lines are %q", got)
	}
}

func TestGroupIsKilled(t *testing.T) {
	var child string
	cmd := sh("sleep 1000 & echo $!; exit 0")
	cmd.OnStdout = func(line []byte) { child = string(line) }
	if _, err := cmd.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(child)
	if err != nil {
		t.Fatal(err)
	}
	gone(t, pid)
}

// A process that left the group lives on, but Run does not wait for its pipes.
func TestRunDoesNotWaitForADaemon(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid here")
	}
	for _, script := range []string{"exec sleep 1000", "exec yes"} {
		var daemon string
		cmd := sh("setsid sh -c 'echo $$ >&2; echo >&2; " + script + "' & while [ ! -e \"$0\" ]; do sleep 0.02; done")
		flag := t.TempDir() + "/seen"
		cmd.Args = append(cmd.Args, flag)
		cmd.OnStderr = func(line []byte) {
			if daemon == "" {
				daemon = string(line)
				_ = os.WriteFile(flag, nil, 0o600)
			}
		}
		cmd.Stdout = io.Discard
		if _, err := cmd.Run(context.Background()); err != nil {
			t.Error(err)
		}
		pid, err := strconv.Atoi(daemon)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && script == "exec sleep 1000" {
			t.Errorf("the daemon should have lived on: %v", err)
		}
	}
}

// A killed parent cannot kill its child, so the kernel must.
func TestChildDiesWithItsParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has a parent-death signal")
	}
	read, write := io.Pipe()
	parent := play(t, "parent")
	parent.Stdout = write
	started := make(chan int, 1)
	parent.OnStart = func(pid int) { started <- pid }
	ended := make(chan error, 1)
	go func() {
		_, err := parent.Run(context.Background())
		ended <- err
	}()
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(child, 0); err != nil {
		t.Fatalf("the child is not running: %v", err)
	}
	if err := syscall.Kill(<-started, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	var e *proc.Error
	if err := <-ended; !errors.As(err, &e) || e.Signal != syscall.SIGKILL {
		t.Errorf("the parent ended with %v", err)
	}
	gone(t, child)
}

// Threads end with the goroutines that lock them, which a child must not take for its parent's
// death.
func TestChildOutlivesThreads(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	started, ended := make(chan int, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and the thread ends with this goroutine
		cmd := &proc.Cmd{Path: "sleep", Args: []string{"1000"}, OnStart: func(pid int) { started <- pid }}
		_, err := cmd.Run(ctx)
		ended <- err
	}()
	pid := <-started
	for range 50 {
		done := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			close(done)
		}()
		<-done
	}
	if err := syscall.Kill(pid, 0); err != nil || isZombie(pid) {
		t.Errorf("the child has ended: %v", err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}
