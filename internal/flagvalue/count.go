// Package flagvalue reads the values of flags that the flag library has no type for.
package flagvalue

import (
	"errors"
	"strconv"
)

// Count is a flag for a positive number; 0 means that it is not set.
type Count int

func (n *Count) String() string {
	if *n == 0 {
		return ""
	}
	return strconv.Itoa(int(*n))
}

// Type names the value in the help.
func (n *Count) Type() string { return "count" }

// Set parses a number.
func (n *Count) Set(text string) error {
	i, err := strconv.Atoi(text)
	if err != nil || i < 1 {
		return errors.New("not a positive number")
	}
	*n = Count(i)
	return nil
}
