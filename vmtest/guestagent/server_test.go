package guestagent_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/socket"
	"github.com/flakeci/flakeci/vmtest/guestagent"
)

// server plays an agent that sends what no honest one does, or does what a real one must not
// do here.
type server struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Scanner
}

type request struct {
	Execute   string
	Arguments map[string]any
}

// serve returns a client of a scripted agent, which then ends the connection.
func serve(t *testing.T, script func(*server)) *guestagent.Client {
	t.Helper()
	path := socket.Serve(t, func(conn net.Conn) { script(&server{t, conn, bufio.NewScanner(conn)}) })
	c, err := guestagent.Dial(socket.Within(t, socket.Patience), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func (s *server) send(format string, args ...any) {
	_, _ = fmt.Fprintf(s.conn, format+"\n", args...) // the client may have left
}

// request returns an empty request once the client has left.
func (s *server) request() request {
	var r request
	if s.in.Scan() {
		decoder := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(s.in.Bytes(), []byte{0xFF})))
		decoder.UseNumber()
		if err := decoder.Decode(&r); err != nil {
			s.t.Error(err)
		}
	}
	return r
}

// want reads a request for a command.
func (s *server) want(command string) request {
	r := s.request()
	if r.Execute != command {
		s.t.Errorf("got %q, want %s", r.Execute, command)
	}
	return r
}

// sync answers a sync as the real agent does.
func (s *server) sync() {
	id := s.want("guest-sync-delimited").Arguments["id"]
	s.send(`{"error": {"class": "GenericError", "desc": "JSON parse error, stray '\uFFFD'"}}`)
	s.send("\xff"+`{"return": %s}`, id)
}

// untilGone reads until the client has closed.
func (s *server) untilGone() {
	for s.in.Scan() {
		continue
	}
}

func TestSyncSkipsAll(t *testing.T) {
	for _, before := range []string{
		`{"return": {}}` + "\n", "\xff" + `{"return": 7}` + "\n", "garbage", "\xff", "\xff{\n", "\xff\xff\n\xff\xff",
		"\xff" + `{"retu`, "\xff" + `{"return": "x"}` + "\n", "\xff" + `{"return": {}}` + "\n", "\xff" + strings.Repeat(" ", 1<<20), "\x00\n\n",
	} {
		c := serve(t, func(s *server) {
			id := s.want("guest-sync-delimited").Arguments["id"]
			_, _ = s.conn.Write([]byte(before))
			s.send("\xff"+`{"return": %s}`, id)
			s.untilGone()
		})
		if err := c.Sync(socket.Within(t, socket.Patience)); err != nil {
			t.Errorf("%.20q: %v", before, err)
		}
	}
}

// The sync's own number is not a reply without the sentinel, or inside something else.
func TestSyncIsNotFooled(t *testing.T) {
	for _, answer := range []string{`{"return": %s}`, "\xff" + `{"return": %s`, "\xff" + `{"return": "%s"}`, "\xff" + `[%s]`,
		"\xff" + `{"return": 1%s}`, "\xff" + `{"return": %s, "x": "` + strings.Repeat("x", 200) + `"}`} {
		c := serve(t, func(s *server) {
			s.send(answer, s.want("guest-sync-delimited").Arguments["id"])
			s.untilGone()
		})
		if err := c.Sync(socket.Within(t, 100*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%.20q: error is %v", answer, err)
		}
	}
}

// A guest that never stops sending does not block a call.
func TestGuestSendsForever(t *testing.T) {
	for _, text := range []string{"x", "\xff", "\n", "\xff{}\n"} {
		c := serve(t, func(s *server) {
			flood := []byte(strings.Repeat(text, 1<<16))
			for err := error(nil); err == nil; {
				_, err = s.conn.Write(flood)
			}
		})
		for range 2 {
			if err := c.Sync(socket.Within(t, 50*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%q: error is %v", text, err)
			}
		}
		c.Close()
	}
}

// After a malformed or missing reply, the next command syncs first.
func TestBadReply(t *testing.T) {
	for _, reply := range []string{
		"garbage", "", "{", "[]", "null", "{}", `{"return": 1}`, `{"return": []}`, `{"return": {"pid": "x"}}`, `{"return": {"pid": 1.5}}`,
		`{"error": 1}`, `{"error": null}`, "\xff" + `{"return": 1}`, strings.Repeat("[", 100000), strings.Repeat("x", 70<<20),
	} {
		c := serve(t, func(s *server) {
			s.sync()
			s.want("guest-exec")
			s.send("%s", reply)
			s.sync()
			s.want("guest-exec")
			s.send(`{"error": {"class": "GenericError", "desc": "no"}}`)
			s.want("guest-exec") // without a sync: a refusal is a reply
			s.send(`{"error": {"class": "GenericError", "desc": "no"}}`)
		})
		var e *guestagent.Error
		if _, err := c.Exec(socket.Within(t, socket.Patience), guestagent.Command{}); err == nil || errors.As(err, &e) || errors.Is(err, guestagent.ErrClosed) {
			t.Errorf("%.20q: error is %v", reply, err)
		}
		for range 2 {
			if _, err := c.Exec(socket.Within(t, socket.Patience), guestagent.Command{}); !errors.As(err, &e) || e.Desc != "no" {
				t.Errorf("%.20q: then error is %v", reply, err)
			}
		}
	}
}

func TestBadStatus(t *testing.T) {
	for _, reply := range []string{
		`{"exited": true}`, `{"exited": 1}`, `{"exited": true, "exitcode": 0, "out-data": "%"}`, `{"exited": true, "exitcode": 0, "out-data": 1}`,
		`{"exited": true, "exitcode": 1e99}`, `{"exited": true, "signal": "x"}`,
	} {
		c := serve(t, func(s *server) {
			s.sync()
			s.want("guest-exec")
			s.send(`{"return": {"pid": -1}}`)
			s.want("guest-exec-status")
			s.send(`{"return": %s}`, reply)
			s.untilGone()
		})
		if r, err := c.Exec(socket.Within(t, socket.Patience), guestagent.Command{}); err == nil {
			t.Errorf("%s: %+v", reply, r)
		}
	}
}

// A late reply is not taken for that of the next command.
func TestReplyComesLate(t *testing.T) {
	late := make(chan struct{})
	c := serve(t, func(s *server) {
		s.sync()
		s.want("guest-exec")
		<-late
		s.send(`{"return": {"pid": 1000}}`)
		s.sync()
		s.want("guest-exec")
		s.send(`{"error": {"class": "GenericError", "desc": "no"}}`)
		s.untilGone()
	})
	if err := c.Sync(socket.Within(t, socket.Patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exec(socket.Within(t, 200*time.Millisecond), guestagent.Command{Path: "x"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
	close(late)
	var e *guestagent.Error
	if _, err := c.Exec(socket.Within(t, socket.Patience), guestagent.Command{Path: "x"}); !errors.As(err, &e) {
		t.Errorf("error is %v", err)
	}
}

// The context also ends a call that waits for its turn.
func TestWaitingForOnesTurn(t *testing.T) {
	c := serve(t, func(s *server) { s.untilGone() })
	ctx, cancel := context.WithCancel(context.Background())
	first := make(chan error)
	go func() { first <- c.Sync(ctx) }()
	time.Sleep(20 * time.Millisecond)
	if err := c.Sync(socket.Within(t, 20*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

// QEMU blocks when the guest does not read.
func TestGuestDoesNotRead(t *testing.T) {
	gone := make(chan struct{})
	c := serve(t, func(s *server) { s.sync(); <-gone })
	defer close(gone)
	if err := c.Sync(socket.Within(t, socket.Patience)); err != nil {
		t.Fatal(err)
	}
	_, err := c.Exec(socket.Within(t, 100*time.Millisecond), guestagent.Command{Path: "cat", Input: make([]byte, 1<<20)})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
}

func TestConnectionIsLost(t *testing.T) {
	for _, last := range []string{"", `{"return": {"pid": 1`} {
		c := serve(t, func(s *server) {
			s.sync()
			s.want("guest-exec")
			_, _ = s.conn.Write([]byte(last))
		})
		for range 2 {
			if _, err := c.Exec(socket.Within(t, socket.Patience), guestagent.Command{}); !errors.Is(err, guestagent.ErrClosed) {
				t.Errorf("error is %v", err)
			}
		}
	}
}

func TestClose(t *testing.T) {
	c := serve(t, func(s *server) { s.untilGone() })
	time.AfterFunc(20*time.Millisecond, func() { c.Close() })
	if err := c.Sync(socket.Within(t, socket.Patience)); !errors.Is(err, guestagent.ErrClosed) {
		t.Errorf("error is %v", err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}

func TestContextHasACause(t *testing.T) {
	c := serve(t, func(s *server) { s.untilGone() })
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(20*time.Millisecond, func() { cancel(why) })
	for range 2 {
		if err := c.Sync(ctx); !errors.Is(err, why) || !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
	}
}

// An honest agent keeps 16 MiB of a program's output.
func TestTooMuchOutput(t *testing.T) {
	for _, stream := range []string{"out-data", "err-data"} {
		for _, length := range []int{16 << 20, 16<<20 + 3} {
			c := serve(t, func(s *server) {
				s.sync()
				s.want("guest-exec")
				s.send(`{"return": {"pid": 1}}`)
				s.want("guest-exec-status")
				s.send(`{"return": {"exited": true, "exitcode": 0, %q: %q}}`, stream, base64.StdEncoding.EncodeToString(make([]byte, length)))
				s.untilGone()
			})
			_, err := c.Exec(socket.Within(t, socket.Patience), guestagent.Command{Path: "x"})
			if tooMuch := length > 16<<20; (err != nil) != tooMuch || tooMuch && !strings.Contains(err.Error(), "more than 16 MiB of a program's output") {
				t.Errorf("%d bytes of %s: %v", length, stream, err)
			}
		}
	}
}
