package main

import (
	"errors"

	"github.com/dustin/go-humanize"
)

// byteSize is a flag for an amount of memory, in bytes; 0 is not given.
type byteSize int64

func (s *byteSize) String() string {
	if *s == 0 {
		return ""
	}
	return humanize.IBytes(uint64(*s))
}

// Type is how the value is called in the help.
func (s *byteSize) Type() string { return "size" }

// Set takes a number with a unit.
func (s *byteSize) Set(text string) error {
	n, err := humanize.ParseBytes(text)
	if err != nil || n == 0 || n >= 1<<62 {
		return errors.New("not a size")
	}
	*s = byteSize(n)
	return nil
}

// or is the size, or what else is to be.
func (s *byteSize) or(other int64) int64 {
	if *s == 0 {
		return other
	}
	return int64(*s)
}
