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

// maxLine is the longest line taken from the agent, in bytes. The longest of an
// honest one is what guest-exec-status says of a program that has filled both
// its streams: twice 16 MiB in base64.
const maxLine = 64 << 20

// Client is a connection to an agent. Its methods may be called at the same time,
// but the agent does one thing after the other.
type Client struct {
	conn net.Conn
	turn chan struct{} // holds one while somebody has the fields below
	in   *bufio.Reader
	// inStep says that the next line of the agent answers our next command.
	inStep bool
}

// Dial connects to the socket at path. QEMU accepts whether or not there is an
// agent in the guest; that is what Sync tells. Nothing is tried twice: while QEMU
// has not made its socket yet, fs.ErrNotExist or ECONNREFUSED is in the error.
func Dial(ctx context.Context, path string) (*Client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("cannot connect to the guest agent: %w", err)
	}
	return &Client{conn: conn, turn: make(chan struct{}, 1), in: bufio.NewReaderSize(conn, 64<<10)}, nil
}

// Close ends the connection. Calls that are under way return [ErrClosed].
func (c *Client) Close() error {
	if err := c.conn.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// call runs a command and decodes what it returns, into nowhere if reply is nil.
func (c *Client) call(ctx context.Context, command string, args, reply any) error {
	line, err := request{command, args}.line()
	if err != nil {
		return err
	}
	return c.inTurn(ctx, func() error {
		if err := c.getInStep(); err != nil {
			return err
		}
		return c.exchange(line, command, reply)
	})
}

// exchange sends a command and takes its reply.
func (c *Client) exchange(line []byte, command string, reply any) error {
	c.inStep = false
	if err := c.write(line); err != nil {
		return err
	}
	answer, err := c.readLine()
	if err != nil {
		return err
	}
	err = decode(answer, command, reply)
	c.inStep = err == nil || errors.As(err, new(*Error))
	return err
}

// inTurn runs a function while nobody else uses the connection. Reading and
// writing fail when the context ends, and then so does inTurn, with its error.
func (c *Client) inTurn(ctx context.Context, f func() error) error {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return over(ctx)
	}
	if ctx.Err() != nil {
		return over(ctx)
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
		return over(ctx)
	}
	return err
}

func (c *Client) write(data []byte) error {
	_, err := c.conn.Write(data)
	return lost(err)
}

// readLine returns a line with its end. The slice is valid until the next one.
func (c *Client) readLine() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, lost(err)
	}
	long := append([]byte(nil), line...)
	for errors.Is(err, bufio.ErrBufferFull) {
		if len(long) > maxLine {
			return nil, fmt.Errorf("the guest agent's line is longer than %d bytes", maxLine)
		}
		line, err = c.in.ReadSlice('\n')
		long = append(long, line...)
	}
	return long, lost(err)
}

// lost makes ErrClosed of an error in reading or writing, unless it is our own
// doing.
func lost(err error) error {
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrClosed, err)
}
