package proc

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrTooMuch is found by errors.Is in the error of [Cmd.Run] for a program that printed
// more than its [Answer] takes.
var ErrTooMuch = errors.New("printed too much")

// Answer keeps what a program prints, as the Stdout of its [Cmd]. A stranger can have a
// program print without end, so more than Max bytes make Run fail.
type Answer struct {
	Max int

	text bytes.Buffer
}

// Write takes in what is printed.
func (a *Answer) Write(p []byte) (int, error) {
	if len(p) > a.Max-a.text.Len() {
		return 0, fmt.Errorf("%w: more than %d MiB", ErrTooMuch, a.Max>>20)
	}
	return a.text.Write(p)
}

// Bytes returns what was printed.
func (a *Answer) Bytes() []byte { return a.text.Bytes() }

// String returns what was printed.
func (a *Answer) String() string { return a.text.String() }
