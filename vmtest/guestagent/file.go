package guestagent

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// chunk is how many bytes of a file are asked for at a time. Everything else that
// is to be said waits for that long.
const chunk = 1 << 20

// ReadFile returns a file of the guest. If it has more than limit bytes, the
// first of them are returned with an error in which errors.Is finds [ErrTooLong].
// A pipe or device that gives nothing holds up the agent for everybody.
func (c *Client) ReadFile(ctx context.Context, path string, limit int64) ([]byte, error) {
	limit = min(max(limit, 0), math.MaxInt64-1)
	args := struct {
		Path string `json:"path"`
	}{path}
	var handle int64
	if err := c.call(ctx, "guest-file-open", args, &handle); err != nil {
		return nil, err
	}
	defer c.closeFile(ctx, handle)
	data, err := c.readAll(ctx, handle, limit)
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return data[:limit], fmt.Errorf("%s: %w: more than %d bytes", path, ErrTooLong, limit)
	}
	return data, nil
}

// readAll returns what is in an open file, but no more than one byte over limit.
func (c *Client) readAll(ctx context.Context, handle, limit int64) ([]byte, error) {
	var data []byte
	for {
		part, end, err := c.readPart(ctx, handle, min(chunk, limit+1-int64(len(data))))
		if err != nil {
			return nil, err
		}
		data = append(data, part...)
		if end || int64(len(data)) > limit {
			return data, nil
		}
	}
}

// readPart returns up to count bytes and whether they are the last. An empty part
// is the last, whatever the guest says: it could go on like that for ever.
func (c *Client) readPart(ctx context.Context, handle, count int64) ([]byte, bool, error) {
	args := struct {
		Handle int64 `json:"handle"`
		Count  int64 `json:"count"`
	}{handle, count}
	var part struct {
		Data []byte `json:"buf-b64"`
		EOF  bool   `json:"eof"`
	}
	if err := c.call(ctx, "guest-file-read", args, &part); err != nil {
		return nil, false, err
	}
	if int64(len(part.Data)) > count {
		return nil, false, errors.New("the guest agent gives more of a file than was asked for")
	}
	return part.Data, part.EOF || len(part.Data) == 0, nil
}

// closeFile closes a file in the guest if it can, also when the context has ended.
func (c *Client) closeFile(ctx context.Context, handle int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), parting)
	defer cancel()
	args := struct {
		Handle int64 `json:"handle"`
	}{handle}
	_ = c.call(ctx, "guest-file-close", args, nil)
}
