package qmp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/socket"
	"github.com/flakeci/flakeci/vmtest/qmp"
)

const greeting = `{"QMP": {"version": {"qemu": {"micro": 0, "minor": 0, "major": 7}, "package": ""}, "capabilities": []}}`

// server plays a QEMU that does what a real one never does.
type server struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Scanner
}

type request struct {
	Execute   string
	Arguments map[string]any
	ID        uint64
}

// listen serves one client on a socket and then ends the connection.
func listen(t *testing.T, script func(*server)) string {
	t.Helper()
	return socket.Serve(t, func(conn net.Conn) { script(&server{t, conn, bufio.NewScanner(conn)}) })
}

// serve returns a client of a scripted QEMU.
func serve(t *testing.T, script func(*server)) *qmp.Client {
	t.Helper()
	c, err := qmp.Dial(socket.Within(t, socket.Patience), listen(t, script))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func (s *server) send(format string, args ...any) {
	_, _ = fmt.Fprintf(s.conn, format+"\r\n", args...) // the client may have left
}

// request returns an empty request once the client has left.
func (s *server) request() request {
	var r request
	if s.in.Scan() {
		if err := json.Unmarshal(s.in.Bytes(), &r); err != nil {
			s.t.Error(err)
		}
	}
	return r
}

func (s *server) greet() {
	s.send(greeting)
	if r := s.request(); r.Execute != "qmp_capabilities" {
		s.t.Errorf("the first command is %q", r.Execute)
	} else {
		s.send(`{"return": {}, "id": %d}`, r.ID)
	}
}

// untilGone reads until the client has closed.
func (s *server) untilGone() {
	for s.in.Scan() {
		continue
	}
}

func TestNegotiationHangs(t *testing.T) {
	path := listen(t, func(s *server) { s.send(greeting); s.untilGone() })
	if _, err := qmp.Dial(socket.Within(t, 100*time.Millisecond), path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
}

func TestGreetingIsWrong(t *testing.T) {
	for _, line := range []string{"SSH-2.0-OpenSSH_9.2p1", `{}`, `[]`, `{"return": {}}`, greeting + "\r\n" + greeting} {
		path := listen(t, func(s *server) { s.send("%s", line); s.untilGone() })
		if _, err := qmp.Dial(socket.Within(t, socket.Patience), path); !errors.Is(err, qmp.ErrClosed) {
			t.Errorf("%s: error is %v", line, err)
		}
	}
}

// A line that no QEMU sends, or an incomplete one, ends the connection.
func TestConnectionIsLost(t *testing.T) {
	for _, last := range []string{"", `{"return": {}, "id"`, "garbage\n", "{}\n", `{"return": {}}` + "\n",
		`{"error": {"class": "GenericError", "desc": "JSON parse error"}}` + "\n", strings.Repeat(" ", 20<<20)} {
		c := serve(t, func(s *server) {
			s.greet()
			s.send(`{"event": "STOP", "timestamp": {"seconds": -1, "microseconds": -1}}`)
			s.request()
			_, _ = s.conn.Write([]byte(last))
		})
		for range 2 {
			if err := c.Execute(socket.Within(t, socket.Patience), "query-status", nil, nil); !errors.Is(err, qmp.ErrClosed) {
				t.Errorf("%.20q: error is %v", last, err)
			}
		}
		if e := <-c.Events(); e.Name != "STOP" || !e.Time.IsZero() {
			t.Errorf("%.20q: event %+v", last, e)
		}
		if e, more := <-c.Events(); more {
			t.Errorf("%.20q: event %+v", last, e)
		}
	}
}

func TestQuitWithoutReply(t *testing.T) {
	c := serve(t, func(s *server) { s.greet(); s.request() })
	if err := c.Quit(socket.Within(t, socket.Patience)); err != nil {
		t.Error(err)
	}
	c = serve(t, func(s *server) { s.greet(); s.request(); s.send("garbage"); s.untilGone() })
	if err := c.Quit(socket.Within(t, socket.Patience)); !errors.Is(err, qmp.ErrClosed) {
		t.Errorf("a QEMU that keeps running has quit: %v", err)
	}
}

// A late reply is not taken for that of the next command.
func TestReplyComesLate(t *testing.T) {
	late := make(chan struct{})
	c := serve(t, func(s *server) {
		s.greet()
		first := s.request()
		<-late
		second := s.request()
		s.send(`{"return": {"status": "paused"}, "id": %d}`, first.ID)
		s.send(`{"return": {"status": "running"}, "id": %d}`, second.ID)
		s.send(`{"return": {"status": "paused"}, "id": %d}`, second.ID)
		s.untilGone()
	})
	if _, err := c.Status(socket.Within(t, 200*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
	close(late)
	if status, err := c.Status(socket.Within(t, socket.Patience)); status != "running" || err != nil {
		t.Errorf("status %q, %v", status, err)
	}
}

func TestReplyOfAnotherShape(t *testing.T) {
	c := serve(t, func(s *server) {
		s.greet()
		s.send(`{"return": [], "id": %d}`, s.request().ID)
		s.send(`{"return": {"enabled": true}, "id": %d}`, s.request().ID)
		s.untilGone()
	})
	if _, err := c.Status(socket.Within(t, socket.Patience)); err == nil || errors.Is(err, qmp.ErrClosed) {
		t.Errorf("error is %v", err)
	}
	if kvm, err := c.KVM(socket.Within(t, socket.Patience)); !kvm || err != nil {
		t.Errorf("KVM %v, %v", kvm, err)
	}
}

// A QEMU that does not read fills the socket; an incomplete request then ends the connection.
func TestQEMUDoesNotRead(t *testing.T) {
	gone := make(chan struct{})
	c := serve(t, func(s *server) { s.greet(); <-gone })
	defer close(gone)
	big := map[string]string{"x": strings.Repeat("x", 1<<20)}
	if err := c.Execute(socket.Within(t, 500*time.Millisecond), "x", big, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
	if err := c.Execute(socket.Within(t, socket.Patience), "x", nil, nil); !errors.Is(err, qmp.ErrClosed) {
		t.Errorf("error is %v", err)
	}
}

func TestContextHasACause(t *testing.T) {
	c := serve(t, func(s *server) { s.greet(); s.untilGone() })
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(why)
	if err := c.Powerdown(ctx); !errors.Is(err, why) || !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if err := c.Quit(ctx); err == nil {
		t.Error("Quit succeeded, though nothing was sent")
	}
}

func TestClose(t *testing.T) {
	c := serve(t, func(s *server) {
		s.greet()
		for i := range 1000 {
			s.send(`{"event": "E%d"}`, i)
		}
		s.send(`{"return": {}, "id": %d}`, s.request().ID)
		s.untilGone()
	})
	do(t, c, "x")
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := c.Execute(socket.Within(t, socket.Patience), "x", nil, nil); !errors.Is(err, qmp.ErrClosed) {
		t.Errorf("error is %v", err)
	}
	if err := c.Quit(socket.Within(t, socket.Patience)); !errors.Is(err, qmp.ErrClosed) {
		t.Errorf("error is %v", err)
	}
	n := 0
	for e := range c.Events() {
		if want := fmt.Sprintf("E%d", n); e.Name != want {
			t.Fatalf("event %s, want %s", e.Name, want)
		}
		n++
	}
	if n < 256 {
		t.Errorf("%d events are left", n)
	}
}

// Another program may listen at QEMU's socket. If it sends endlessly, with or without newlines,
// the client neither waits for it nor keeps its output in memory.
func TestAFloodEndsTheConnection(t *testing.T) {
	for name, text := range map[string]string{
		"of one line":    strings.Repeat("x", 64<<10),
		"of huge events": `{"event": "` + strings.Repeat("x", 100<<10) + `"}` + "\n",
		"of events":      strings.Repeat(`{"event": "RESUME", "timestamp": {"seconds": 1, "microseconds": 1}}`+"\n", 1000),
	} {
		for _, greets := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, greets: %v", name, greets), func(t *testing.T) {
				path := listen(t, func(s *server) {
					if greets {
						s.send(greeting)
					}
					for {
						if _, err := s.conn.Write([]byte(text)); err != nil {
							return
						}
					}
				})
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, err := qmp.Dial(socket.Within(t, socket.Patience), path)
				runtime.ReadMemStats(&after)
				if !errors.Is(err, qmp.ErrClosed) {
					t.Errorf("error is %v", err)
				}
				const most = 100 << 20
				if took := after.TotalAlloc - before.TotalAlloc; took > most {
					t.Errorf("it took %d MiB", took>>20)
				}
			})
		}
	}
}
