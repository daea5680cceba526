// Package socket gives tests programs that listen on a socket, real ones and stand-ins.
package socket

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
)

// Patience is how long to wait for what must happen, on a busy machine.
const Patience = time.Minute

// Within returns a context that ends after a time, or with the test.
func Within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// Path returns the path for a socket. It has at most 108 bytes, as it must; that of t.TempDir contains
// the test's name.
func Path(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "socket")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// Serve serves one client on a socket, and then ends the connection.
func Serve(t *testing.T, serve func(net.Conn)) (path string) {
	t.Helper()
	path = Path(t)
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		serve(conn)
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return path
}

// Program is a running program that listens on a socket.
type Program struct {
	PID    int
	Socket string
	Ended  chan struct{} // closed once it has exited
}

// Start starts a program, which is to listen on a socket, and stops it after the test. If it is not
// installed, it skips the test and says so.
func Start(t *testing.T, socket string, cmd proc.Cmd, missing string) *Program {
	t.Helper()
	p := &Program{Socket: socket, Ended: make(chan struct{})}
	started := make(chan int, 1)
	cmd.OnStart = func(pid int) { started <- pid }
	ctx, cancel := context.WithCancel(context.Background())
	var err error
	go func() {
		_, err = cmd.Run(ctx)
		close(p.Ended)
	}()
	t.Cleanup(func() { cancel(); <-p.Ended })
	select {
	case p.PID = <-started:
	case <-p.Ended:
		if errors.Is(err, proc.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
			t.Skip("skipped: " + missing)
		}
		t.Fatal(err)
	}
	return p
}

// Dial waits until a program listens, and connects.
func Dial[C io.Closer](t *testing.T, p *Program, dial func(ctx context.Context, path string) (C, error)) C {
	t.Helper()
	ctx := Within(t, Patience)
	for {
		c, err := dial(ctx, p.Socket)
		if err == nil {
			t.Cleanup(func() { c.Close() })
			return c
		}
		if !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED) {
			t.Fatal(err)
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-p.Ended:
			t.Fatal("the program has exited")
		}
	}
}
