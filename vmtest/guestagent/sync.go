package guestagent

import (
	"context"
	"encoding/json"
	"math/rand/v2"
)

// sentinel is the byte that precedes the reply to guest-sync-delimited, and appears nowhere
// else. Sent to the agent, it ends an incomplete command.
const sentinel = 0xFF

// maxSyncReply is more than the length of a reply to guest-sync-delimited, in bytes.
const maxSyncReply = 128

// Sync synchronizes client and agent: it asks the agent to repeat a number and discards
// everything before it. It also finds out whether there is an agent: without one it waits
// until the context ends. It may be repeated; an agent that starts later just replies to each
// attempt.
func (c *Client) Sync(ctx context.Context) error {
	return c.exclusively(ctx, c.sync)
}

// ensureSynced syncs if needed.
func (c *Client) ensureSynced() error {
	if c.synced {
		return nil
	}
	return c.sync()
}

func (c *Client) sync() error {
	c.synced = false
	id := newID()
	line, err := request{"guest-sync-delimited", syncArguments{id}}.line()
	if err != nil {
		return err
	}
	if err := c.write(append([]byte{sentinel}, line...)); err != nil {
		return err
	}
	if err := c.skipTo(id); err != nil {
		return err
	}
	c.synced = true
	return nil
}

type syncArguments struct {
	ID int64 `json:"id"`
}

// newID returns a number that no earlier client is likely to have used.
func newID() int64 { return rand.Int64N(1 << 53) }

// skipTo reads up to and including the reply with a number.
func (c *Client) skipTo(id int64) error {
	var s syncScanner
	for {
		b, err := c.in.ReadByte()
		if err != nil {
			return closedError(err)
		}
		if got, found := s.next(b); found && got == id {
			return nil
		}
	}
}

// syncScanner finds replies to guest-sync-delimited in a stream that may break off and resume
// anywhere. It keeps at most maxSyncReply bytes.
type syncScanner struct {
	inside bool // after a sentinel
	text   []byte
}

// next reads a byte and returns the number of a reply if it was the reply's last.
func (s *syncScanner) next(b byte) (int64, bool) {
	switch {
	case b == sentinel:
		s.inside, s.text = true, s.text[:0]
	case !s.inside:
	case b == '\n':
		s.inside = false
		var reply struct {
			Return *int64 `json:"return"`
		}
		if json.Unmarshal(s.text, &reply) == nil && reply.Return != nil {
			return *reply.Return, true
		}
	case len(s.text) == maxSyncReply:
		s.inside = false
	default:
		s.text = append(s.text, b)
	}
	return 0, false
}
