package guestagent

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// refusing is how long a refusal of guest-shutdown is waited for. Nothing is
// said where it is carried out, and the agent may be ended by it at any moment.
const refusing = 3 * time.Second

// Shutdown has the guest power itself off, in an orderly way. Nil says that the
// agent was told and has not refused within three seconds or the context's time.
// Whether the guest goes is for QMP's event SHUTDOWN to tell.
func (c *Client) Shutdown(ctx context.Context) error {
	// Only getting in step has the caller's whole time.
	if err := c.inTurn(ctx, c.getInStep); err != nil {
		return err
	}
	short, cancel := context.WithTimeout(ctx, refusing)
	defer cancel()
	told := false
	err := c.inTurn(short, func() error {
		if err := c.getInStep(); err != nil {
			return err
		}
		return c.shutdown(&told)
	})
	silent := errors.Is(err, ErrClosed) || short.Err() != nil && errors.Is(err, short.Err())
	if told && silent {
		return nil
	}
	return err
}

// shutdown gives the order and a question after it. An agent that answers the
// question first has not refused the order. The question is not the delimited
// one, as the agent answers a mark with an error of its own.
func (c *Client) shutdown(told *bool) error {
	c.inStep = false
	order, err := request{"guest-shutdown", nil}.line()
	if err != nil {
		return err
	}
	id := newID()
	question, err := request{"guest-sync", syncArguments{id}}.line()
	if err != nil {
		return err
	}
	if err := c.write(append(order, question...)); err != nil {
		return err
	}
	*told = true
	line, err := c.readLine()
	if err != nil {
		return err
	}
	var got int64
	if err := decode(line, "guest-shutdown", &got); err != nil {
		return err
	}
	if got != id {
		return fmt.Errorf("the guest agent's reply to guest-shutdown is not understood: %d", got)
	}
	c.inStep = true
	return nil
}
