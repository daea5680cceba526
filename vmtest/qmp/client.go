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

// maxLine is the longest line accepted from QEMU, in bytes. The longest known one, the reply
// to query-qmp-schema, has 200 KB.
const maxLine = 1 << 20

// Client is a connection to QEMU. Its methods may be called concurrently.
type Client struct {
	conn   net.Conn
	events *queue

	greeted chan struct{} // closed by the greeting
	closing chan struct{} // closed by Close
	ended   chan struct{} // closed when the connection has ended; closeErr is set before

	writing chan struct{} // a lock for writing

	mu       sync.Mutex
	closeErr error // wraps ErrClosed
	lastID   uint64
	pending  map[uint64]chan message
	closed   bool
}

// Dial connects to the socket at path, awaits QEMU's greeting and leaves negotiation mode. The
// context limits only that. Dial tries once: until QEMU has made its socket, the error wraps
// fs.ErrNotExist or ECONNREFUSED.
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
		ended:   make(chan struct{}),
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
	case <-c.ended:
		return c.closeErr
	case <-ctx.Done():
		return fmt.Errorf("no greeting (is another client connected?): %w", contextError(ctx))
	}
	return c.Execute(ctx, "qmp_capabilities", nil, nil)
}

// Events returns the channel of all events since Dial, in order. Unread events wait in memory;
// if there are more than any QEMU would send, the connection ends. The channel is closed after
// the last event of a connection. Close closes it too, and leaves up to 256 unread events in
// it.
func (c *Client) Events() <-chan Event { return c.events.out }

// Close ends the connection, not QEMU. Call it after a lost connection too. Closing twice does
// nothing.
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

// Execute runs a command with arguments that become a JSON object (nil for none), and decodes
// QEMU's reply into what reply points to, unless it is nil. An *[Error] is QEMU's refusal. When
// the context ends, QEMU may still carry out the command. After the connection has ended, the
// error wraps [ErrClosed].
func (c *Client) Execute(ctx context.Context, command string, args, reply any) error {
	id, answer, err := c.register()
	if err != nil {
		return err
	}
	defer c.unregister(id)
	line, err := json.Marshal(request{Execute: command, Arguments: args, ID: id})
	if err != nil {
		return fmt.Errorf("the arguments of %s are not JSON: %w", command, err)
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

// register returns the id of a new request, and the channel for its reply.
func (c *Client) register() (uint64, <-chan message, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closeErr != nil {
		return 0, nil, c.closeErr
	}
	c.lastID++
	answer := make(chan message, 1)
	c.pending[c.lastID] = answer
	return c.lastID, answer, nil
}

// unregister makes the client ignore the reply to a request.
func (c *Client) unregister(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pending, id)
}

// await waits for a reply. It returns one that came just before the connection ended.
func (c *Client) await(ctx context.Context, answer <-chan message) (message, error) {
	select {
	case m := <-answer:
		return m, nil
	case <-ctx.Done():
		return message{}, contextError(ctx)
	case <-c.ended:
	}
	select {
	case m := <-answer:
		return m, nil
	default:
		return message{}, c.closeErr
	}
}

// write sends a line; concurrent calls wait for each other.
func (c *Client) write(ctx context.Context, line []byte) error {
	select {
	case c.writing <- struct{}{}:
		defer func() { <-c.writing }()
	case <-c.ended:
		return c.closeErr
	case <-ctx.Done():
		return contextError(ctx)
	}
	n, err := c.writeUntil(ctx, line)
	if err == nil {
		return nil
	}
	if n > 0 {
		_ = c.conn.Close() // half a line makes the stream useless
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return contextError(ctx)
	}
	return fmt.Errorf("%w: %w", ErrClosed, err)
}

// writeUntil returns os.ErrDeadlineExceeded when the context ends.
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

// read handles QEMU's messages until the connection ends.
func (c *Client) read() {
	err := c.readMessages()
	_ = c.conn.Close()
	c.mu.Lock()
	if c.closed {
		err = net.ErrClosed
	}
	c.closeErr = fmt.Errorf("%w: %w", ErrClosed, err)
	c.mu.Unlock()
	close(c.ended)
	c.events.end()
}

// readMessages returns the error that ended the connection, never nil.
func (c *Client) readMessages() error {
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
		if err := c.dispatch(m); err != nil {
			return err
		}
	}
}

// dispatch passes a message on to its receiver.
func (c *Client) dispatch(m message) error {
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
		c.resolve(m)
	}
	return nil
}

// resolve passes the first reply to a request on.
func (c *Client) resolve(m message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if answer, found := c.pending[*m.ID]; found {
		answer <- m
		delete(c.pending, *m.ID)
	}
}

// readLine returns a line with its newline. The slice is valid until the next call.
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
