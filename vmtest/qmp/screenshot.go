package qmp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"

	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/internal/safely"
)

// pngMagic is how every PNG begins.
const pngMagic = "\x89PNG\r\n\x1a\n"

// maxPicture is the largest file that is read as a picture, in bytes. A PPM of a
// 4K screen has 25 MB.
const maxPicture = 64 << 20

// Screenshot returns the guest's screen as a PNG. QEMU writes it to a file first, which
// is gone afterwards, so QEMU must be able to; it needs no display but a graphics
// adapter: without one [*Error] is returned. What answers may not be QEMU, and what it
// leaves there may not be a file: then there is an error before the context ends.
func (c *Client) Screenshot(ctx context.Context, file string) ([]byte, error) {
	// QEMU may have another working directory.
	file, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("cannot take a screenshot: %w", err)
	}
	defer os.Remove(file)
	if err := c.dump(ctx, file); err != nil {
		return nil, err
	}
	type outcome struct {
		picture []byte
		err     error
	}
	read := make(chan outcome, 1)
	safely.Go(func() {
		picture, err := readPicture(file)
		read <- outcome{picture, err}
	})
	select {
	case o := <-read:
		if o.err != nil {
			return nil, fmt.Errorf("QEMU's screenshot: %w", o.err)
		}
		return o.picture, nil
	case <-ctx.Done(): // a file system may take for ever, too
		return nil, over(ctx)
	}
}

// dump has QEMU write a picture. It writes a PNG since 7.1 if it was built with libpng.
// Without, the request with a format is refused in words that differ, so any
// refusal leads to a PPM, whose refusal then counts.
func (c *Client) dump(ctx context.Context, file string) error {
	type arguments struct {
		Filename string `json:"filename"`
		Format   string `json:"format,omitempty"`
	}
	err := c.Execute(ctx, "screendump", arguments{file, "png"}, nil)
	if refused := (*Error)(nil); errors.As(err, &refused) {
		err = c.Execute(ctx, "screendump", arguments{file, ""}, nil)
	}
	return err
}

// readPicture reads a picture, and converts it unless it is a PNG already.
func readPicture(file string) ([]byte, error) {
	data, err := safefile.Read(file, maxPicture)
	if err != nil || bytes.HasPrefix(data, []byte(pngMagic)) {
		return data, err
	}
	picture, err := decodePPM(data)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
