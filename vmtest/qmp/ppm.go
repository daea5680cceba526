package qmp

import (
	"bytes"
	"errors"
	"fmt"
	"image"
)

// maxPixels is the largest image that is converted. The guest chooses the size of its screen,
// and each pixel takes four bytes here.
const maxPixels = 64 << 20

// decodePPM decodes a portable pixmap as QEMU writes it: binary, one byte per color, no
// comments.
func decodePPM(data []byte) (*image.NRGBA, error) {
	var width, height, depth int
	header := data[:min(len(data), 64)]
	if _, err := fmt.Sscanf(string(header), "P6\n%d %d\n%d\n", &width, &height, &depth); err != nil {
		return nil, fmt.Errorf("it is not a PPM: %w", err)
	}
	if width <= 0 || height <= 0 || depth != 255 || width > maxPixels/height {
		return nil, fmt.Errorf("a PPM of %d by %d pixels with %d shades is not understood", width, height, depth)
	}
	pixels := afterLines(data, 3)
	if len(pixels) != 3*width*height {
		return nil, errors.New("the PPM is incomplete")
	}
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		copy(picture.Pix[4*i:], pixels[3*i:3*i+3])
		picture.Pix[4*i+3] = 0xFF
	}
	return picture, nil
}

// afterLines returns what follows the first n lines.
func afterLines(data []byte, n int) []byte {
	for range n {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	return data
}
