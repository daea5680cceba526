package guestagent

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// chunkSize is how many bytes of a file are read at a time. Other commands wait meanwhile.
const chunkSize = 1 << 20

// ReadFile returns a file of the guest. If it has more than limit bytes, ReadFile returns the
// first of them and an error that wraps [ErrTooLong]. A pipe or device without data blocks the
// agent for all callers.
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

// readAll returns an open file's content, but at most one byte more than limit.
func (c *Client) readAll(ctx context.Context, handle, limit int64) ([]byte, error) {
	var data []byte
	for {
		part, end, err := c.readPart(ctx, handle, min(chunkSize, limit+1-int64(len(data))))
		if err != nil {
			return nil, err
		}
		data = append(data, part...)
		if end || int64(len(data)) > limit {
			return data, nil
		}
	}
}

// readPart returns up to count bytes and whether they are the last. An empty part counts as
// the last: a hostile guest could send empty parts forever.
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

// closeFile tries to close a file in the guest, even if the context has ended.
func (c *Client) closeFile(ctx context.Context, handle int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupLimit)
	defer cancel()
	args := struct {
		Handle int64 `json:"handle"`
	}{handle}
	_ = c.call(ctx, "guest-file-close", args, nil)
}
