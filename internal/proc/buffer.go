package proc

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrOutputTooLong is found by errors.Is in the error of [Cmd.Run] for a program that printed
// more than its [LimitedBuffer] takes.
var ErrOutputTooLong = errors.New("printed too much")

// LimitedBuffer keeps what a program prints, as the Stdout of its [Cmd]. A stranger can have a
// program print without end, so more than Max bytes make Run fail.
type LimitedBuffer struct {
	Max int

	text bytes.Buffer
}

// Write takes in what is printed.
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
