package guestagent

import (
	"context"
	"encoding/json"
	"math/rand/v2"
)

// mark is the byte that stands before the reply to guest-sync-delimited, and
// nowhere else. Sent to the agent, it ends whatever was half said before.
const mark = 0xFF

// longestSync is more than a reply to guest-sync-delimited has bytes.
const longestSync = 128

// Sync brings client and agent in step: it asks the agent to repeat a number and
// throws away all that comes before it. It is the way to find out whether there
// is an agent, for which it may be repeated any number of times: without one it
// waits until the context ends, and an agent that comes later does no more than
// answer all of the questions.
func (c *Client) Sync(ctx context.Context) error {
	return c.inTurn(ctx, c.sync)
}

// getInStep syncs where that is needed.
func (c *Client) getInStep() error {
	if c.inStep {
		return nil
	}
	return c.sync()
}

func (c *Client) sync() error {
	c.inStep = false
	id := newID()
	line, err := request{"guest-sync-delimited", syncArguments{id}}.line()
	if err != nil {
		return err
	}
	if err := c.write(append([]byte{mark}, line...)); err != nil {
		return err
	}
	if err := c.skipTo(id); err != nil {
		return err
	}
	c.inStep = true
	return nil
}

type syncArguments struct {
	ID int64 `json:"id"`
}

// newID returns a number that an earlier client is not likely to have used.
func newID() int64 { return rand.Int64N(1 << 53) }

// skipTo reads up to and including the reply with that number.
func (c *Client) skipTo(id int64) error {
	var s syncScanner
	for {
		b, err := c.in.ReadByte()
		if err != nil {
			return lost(err)
		}
		if got, found := s.next(b); found && got == id {
			return nil
		}
	}
}

// syncScanner finds replies to guest-sync-delimited in a stream that may be cut
// off and go on anywhere. It keeps no more than longestSync bytes.
type syncScanner struct {
	inside bool // after a mark
	text   []byte
}

// next takes a byte and returns the number of a reply if that was its last.
func (s *syncScanner) next(b byte) (int64, bool) {
	switch {
	case b == mark:
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
	case len(s.text) == longestSync:
		s.inside = false
	default:
		s.text = append(s.text, b)
	}
	return 0, false
}
