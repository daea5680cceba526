package proc

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrOutputTooLong is wrapped in the error of [Cmd.Run] if a program printed more than its
// [LimitedBuffer] accepts.
var ErrOutputTooLong = errors.New("printed too much")

// LimitedBuffer collects what a program prints, as the Stdout of its [Cmd]. Run fails after
// more than Max bytes, as hostile input can make a program print endlessly.
type LimitedBuffer struct {
	Max int

	text bytes.Buffer
}

// Write implements [io.Writer].
func (a *LimitedBuffer) Write(p []byte) (int, error) {
	if len(p) > a.Max-a.text.Len() {
		return 0, fmt.Errorf("%w: more than %d MiB", ErrOutputTooLong, a.Max>>20)
	}
	return a.text.Write(p)
}

// Bytes returns what was printed.
func (a *LimitedBuffer) Bytes() []byte { return a.text.Bytes() }

// String returns what was printed.
func (a *LimitedBuffer) String() string { return a.text.String() }
