package flagvalue

import (
	"errors"
	"strings"

	"github.com/dustin/go-humanize"
)

// unitLetters are the first letters of the units of a size.
const unitLetters = "bBkKmMgGtTpPeE"

// ByteSize is a flag for an amount of memory in bytes; 0 means that it is not set.
type ByteSize int64

func (s *ByteSize) String() string {
	if *s == 0 {
		return ""
	}
	return humanize.IBytes(uint64(*s))
}

// Type names the value in the help.
func (s *ByteSize) Type() string { return "size" }

// Set parses a number with a unit. It rejects a number alone: that would be bytes, and nobody
// means those.
func (s *ByteSize) Set(text string) error {
	n, err := humanize.ParseBytes(text)
	if err != nil || n == 0 || n >= 1<<62 || !strings.ContainsAny(text, unitLetters) {
		return errors.New("not a size")
	}
	*s = ByteSize(n)
	return nil
}

// OrElse returns the size, or other if it is not set.
func (s *ByteSize) OrElse(other int64) int64 {
	if *s == 0 {
		return other
	}
	return int64(*s)
}
