package qmp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/safely"
)

// maxLine is the longest line taken from QEMU, in bytes. The longest that is
// known, the reply to query-qmp-schema, has 200 KB.
const maxLine = 1 << 20

// Client is a connection to QEMU. Its methods may be called at the same time.
type Client struct {
	conn   net.Conn
	events *queue

	greeted chan struct{} // closed by the greeting
	closing chan struct{} // closed by Close
	lost    chan struct{} // closed when the connection has ended; why is set before

	writing chan struct{} // holds one while a request is written

	mu      sync.Mutex
	why     error // wraps ErrClosed
	last    uint64
	pending map[uint64]chan message
	closed  bool
}

// Dial connects to the socket at path, awaits QEMU's greeting and leaves the
// negotiation mode. The context bounds all of that and nothing later. Nothing is
// tried twice: while QEMU has not made its socket yet, fs.ErrNotExist or
// ECONNREFUSED is in the error.
func Dial(ctx context.Context, path string) (*Client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("cannot connect to QEMU: %w", err)
	}
	c := newClient(conn)
	if err := c.greet(ctx); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("QEMU does not answer as it should: %w", err)
	}
	return c, nil
}

func newClient(conn net.Conn) *Client {
	c := &Client{
		conn:    conn,
		greeted: make(chan struct{}),
		closing: make(chan struct{}),
		lost:    make(chan struct{}),
		writing: make(chan struct{}, 1),
		pending: map[uint64]chan message{},
	}
	c.events = newQueue(c.closing)
	safely.Go(c.read)
	return c
}

// greet awaits the greeting and answers it.
func (c *Client) greet(ctx context.Context) error {
	select {
	case <-c.greeted:
	case <-c.lost:
		return c.why
	case <-ctx.Done():
		return fmt.Errorf("no greeting (is another client connected?): %w", over(ctx))
	}
	return c.Execute(ctx, "qmp_capabilities", nil, nil)
}

// Events returns the channel of all that has happened since Dial, in order. None is
// left out, however late it is read; all wait in memory. If more of them wait than any
// QEMU would send, the connection ends. After the last event of a connection the
// channel is closed. Close closes it too, and leaves in it what is not read yet, up to
// 256 events.
func (c *Client) Events() <-chan Event { return c.events.out }

// Close ends the connection, not QEMU. It is needed after a lost connection too.
// Closing twice does nothing.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	close(c.closing)
	return c.conn.Close()
}

// Execute runs a command with arguments that become a JSON object (nil for
// none), and decodes QEMU's reply into what reply points to (nil for nowhere).
// An *[Error] is QEMU's refusal. When the context ends, the command may still be
// carried out. After the connection has ended, [ErrClosed] is in the error.
func (c *Client) Execute(ctx context.Context, command string, args, reply any) error {
	id, answer, err := c.register()
	if err != nil {
		return err
	}
	defer c.forget(id)
	line, err := json.Marshal(request{Execute: command, Arguments: args, ID: id})
	if err != nil {
		return fmt.Errorf("the arguments of %s are no JSON: %w", command, err)
	}
	if err := c.write(ctx, append(line, '\n')); err != nil {
		return err
	}
	m, err := c.await(ctx, answer)
	if err != nil {
		return err
	}
	return m.result(command, reply)
}

// register makes place for a reply. What comes back through the channel is the
// reply to the request with that id.
func (c *Client) register() (uint64, <-chan message, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why != nil {
		return 0, nil, c.why
	}
	c.last++
	answer := make(chan message, 1)
	c.pending[c.last] = answer
	return c.last, answer, nil
}

// forget makes the client ignore a reply that nobody waits for any more.
func (c *Client) forget(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pending, id)
}

// await waits for a reply, which counts even if the connection ended after it.
func (c *Client) await(ctx context.Context, answer <-chan message) (message, error) {
	select {
	case m := <-answer:
		return m, nil
	case <-ctx.Done():
		return message{}, over(ctx)
	case <-c.lost:
	}
	select {
	case m := <-answer:
		return m, nil
	default:
		return message{}, c.why
	}
}

// write sends a line, one at a time.
func (c *Client) write(ctx context.Context, line []byte) error {
	select {
	case c.writing <- struct{}{}:
		defer func() { <-c.writing }()
	case <-c.lost:
		return c.why
	case <-ctx.Done():
		return over(ctx)
	}
	n, err := c.writeUntil(ctx, line)
	if err == nil {
		return nil
	}
	if n > 0 {
		_ = c.conn.Close() // half a line cannot be taken back
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return over(ctx)
	}
	return fmt.Errorf("%w: %w", ErrClosed, err)
}

// writeUntil gives up, with os.ErrDeadlineExceeded, when the context ends.
func (c *Client) writeUntil(ctx context.Context, line []byte) (int, error) {
	expired := make(chan struct{})
	stop := context.AfterFunc(ctx, safely.Func(func() {
		_ = c.conn.SetWriteDeadline(time.Now())
		close(expired)
	}))
	n, err := c.conn.Write(line)
	if !stop() {
		<-expired
		_ = c.conn.SetWriteDeadline(time.Time{})
	}
	return n, err
}

// read takes in what QEMU says until the connection ends.
func (c *Client) read() {
	err := c.takeLines()
	_ = c.conn.Close()
	c.mu.Lock()
	if c.closed {
		err = net.ErrClosed
	}
	c.why = fmt.Errorf("%w: %w", ErrClosed, err)
	c.mu.Unlock()
	close(c.lost)
	c.events.end()
}

// takeLines returns what ended the connection, never nil.
func (c *Client) takeLines() error {
	r := bufio.NewReader(c.conn)
	for {
		line, err := readLine(r)
		if err != nil {
			return err
		}
		m, err := decode(line)
		if err != nil {
			return err
		}
		if err := c.take(m); err != nil {
			return err
		}
	}
}

// take hands a message to whom it is for.
func (c *Client) take(m message) error {
	switch {
	case m.Event != "":
		return c.events.put(m.event())
	case m.Greeting != nil:
		select {
		case <-c.greeted:
			return errors.New("QEMU greets twice")
		default:
			close(c.greeted)
		}
	default:
		c.answer(m)
	}
	return nil
}

// answer gives a reply to its request, the first one only.
func (c *Client) answer(m message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if answer, found := c.pending[*m.ID]; found {
		answer <- m
		delete(c.pending, *m.ID)
	}
}

// readLine returns a line with its end. The slice is valid until the next one.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	long := append([]byte(nil), line...)
	for errors.Is(err, bufio.ErrBufferFull) {
		if len(long) > maxLine {
			return nil, fmt.Errorf("QEMU's line is longer than %d bytes", maxLine)
		}
		line, err = r.ReadSlice('\n')
		long = append(long, line...)
	}
	return long, err
}
