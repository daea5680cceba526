package qmp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
)

// pngMagic is how every PNG begins.
const pngMagic = "\x89PNG\r\n\x1a\n"

// Screenshot writes the guest's screen to a file, which appears only when it is
// whole and is a PNG whatever its name. QEMU writes it, so it must be able to; it
// needs no display but a graphics adapter: without one [*Error] is returned.
func (c *Client) Screenshot(ctx context.Context, file string) error {
	// QEMU may have another working directory.
	file, err := filepath.Abs(file)
	if err != nil {
		return fmt.Errorf("cannot take a screenshot: %w", err)
	}
	part := file + ".part"
	defer os.Remove(part)
	if err := c.dump(ctx, part); err != nil {
		return err
	}
	if err := os.Rename(part, file); err != nil {
		return fmt.Errorf("cannot take a screenshot: %w", err)
	}
	return nil
}

// dump has QEMU write a PNG. It does so since 7.1 if it was built with libpng.
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
	if err != nil {
		return err
	}
	if err := makePNG(file); err != nil {
		return fmt.Errorf("QEMU's screenshot: %w", err)
	}
	return nil
}

// makePNG converts a file in place, unless it is a PNG already.
func makePNG(file string) error {
	is, err := isPNG(file)
	if is || err != nil {
		return err
	}
	ppm, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	picture, err := decodePPM(ppm)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return err
	}
	return os.WriteFile(file, out.Bytes(), 0o666)
}

// isPNG looks at the first bytes of a file.
func isPNG(file string) (bool, error) {
	f, err := os.Open(file)
	if err != nil {
		return false, err
	}
	defer f.Close()
	magic := make([]byte, len(pngMagic))
	n, err := io.ReadFull(f, magic)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return false, err
	}
	return string(magic[:n]) == pngMagic, nil
}
