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

// pngMagic is the beginning of every PNG.
const pngMagic = "\x89PNG\r\n\x1a\n"

// maxScreenshot is the largest file that is read, in bytes. A PPM of a 4K screen has 25 MB.
const maxScreenshot = 64 << 20

// Screenshot returns the guest's screen as a PNG. QEMU writes it to a temporary file at the
// given path, so it must have the permission. The guest needs a graphics adapter, but no
// display; without an adapter Screenshot returns an [*Error]. If a program other than QEMU
// answers, or leaves something other than a file there, Screenshot returns an error before
// the context ends.
func (c *Client) Screenshot(ctx context.Context, file string) ([]byte, error) {
	// QEMU may have another working directory.
	file, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("cannot take a screenshot: %w", err)
	}
	defer os.Remove(file)
	if err := c.screendump(ctx, file); err != nil {
		return nil, err
	}
	type outcome struct {
		picture []byte
		err     error
	}
	read := make(chan outcome, 1)
	safely.Go(func() {
		picture, err := readScreenshot(file)
		read <- outcome{picture, err}
	})
	select {
	case o := <-read:
		if o.err != nil {
			return nil, fmt.Errorf("QEMU's screenshot: %w", o.err)
		}
		return o.picture, nil
	case <-ctx.Done(): // a file system may hang
		return nil, contextError(ctx)
	}
}

// screendump has QEMU write a PNG, which needs QEMU 7.1 with libpng, or else a PPM. QEMU's
// messages about a missing PNG format differ, so any refusal leads to the second attempt.
func (c *Client) screendump(ctx context.Context, file string) error {
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

// readScreenshot reads a PNG, or a PPM that it converts.
func readScreenshot(file string) ([]byte, error) {
	data, err := safefile.Read(file, maxScreenshot)
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
