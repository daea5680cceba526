package guestagent

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/flakeci/flakeci/internal/safely"
)

// maxLine is the longest line accepted from the agent, in bytes. The longest honest one is
// the reply of guest-exec-status for a program that filled both its streams: twice 16 MiB in
// base64.
const maxLine = 64 << 20

// Client is a connection to an agent. Its methods may be called concurrently, but the agent
// handles one command at a time.
type Client struct {
	conn net.Conn
	turn chan struct{} // a lock for the fields below
	in   *bufio.Reader
	// synced reports that the next line of the agent is the reply to the next command.
	synced bool
}

// Dial connects to the socket at path. QEMU accepts whether or not the guest has an agent;
// Sync finds that out. Dial tries once: until QEMU has made its socket, the error wraps
// fs.ErrNotExist or ECONNREFUSED.
func Dial(ctx context.Context, path string) (*Client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("cannot connect to the guest agent: %w", err)
	}
	return &Client{conn: conn, turn: make(chan struct{}, 1), in: bufio.NewReaderSize(conn, 64<<10)}, nil
}

// Close ends the connection. Calls in progress return [ErrClosed].
func (c *Client) Close() error {
	if err := c.conn.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// call runs a command and decodes its result into reply, unless that is nil.
func (c *Client) call(ctx context.Context, command string, args, reply any) error {
	line, err := request{command, args}.line()
	if err != nil {
		return err
	}
	return c.exclusively(ctx, func() error {
		if err := c.ensureSynced(); err != nil {
			return err
		}
		return c.exchange(line, command, reply)
	})
}

// exchange sends a command and reads its reply.
func (c *Client) exchange(line []byte, command string, reply any) error {
	c.synced = false
	if err := c.write(line); err != nil {
		return err
	}
	answer, err := c.readLine()
	if err != nil {
		return err
	}
	err = decode(answer, command, reply)
	c.synced = err == nil || errors.As(err, new(*Error))
	return err
}

// exclusively runs a function with the connection locked. When the context ends, reads and
// writes fail, and exclusively returns the context's error.
func (c *Client) exclusively(ctx context.Context, f func() error) error {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return contextError(ctx)
	}
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	expired := make(chan struct{})
	stop := context.AfterFunc(ctx, safely.Func(func() {
		_ = c.conn.SetDeadline(time.Now())
		close(expired)
	}))
	err := f()
	if !stop() {
		<-expired
		_ = c.conn.SetDeadline(time.Time{})
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return contextError(ctx)
	}
	return err
}

func (c *Client) write(data []byte) error {
	_, err := c.conn.Write(data)
	return closedError(err)
}

// readLine returns a line with its newline. The slice is valid until the next call.
func (c *Client) readLine() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, closedError(err)
	}
	long := append([]byte(nil), line...)
	for errors.Is(err, bufio.ErrBufferFull) {
		if len(long) > maxLine {
			return nil, fmt.Errorf("the guest agent's line is longer than %d bytes", maxLine)
		}
		line, err = c.in.ReadSlice('\n')
		long = append(long, line...)
	}
	return long, closedError(err)
}

// closedError wraps an error of reading or writing in ErrClosed, unless a deadline of this
// client caused it.
func closedError(err error) error {
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrClosed, err)
}
