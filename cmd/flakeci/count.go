package main

import (
	"errors"
	"strconv"
)

// count is a flag for a positive number; 0 means that it is not set.
type count int

func (n *count) String() string {
	if *n == 0 {
		return ""
	}
	return strconv.Itoa(int(*n))
}

// Type names the value in the help.
func (n *count) Type() string { return "count" }

// Set parses a number.
func (n *count) Set(text string) error {
	i, err := strconv.Atoi(text)
	if err != nil || i < 1 {
		return errors.New("not a positive number")
	}
	*n = count(i)
	return nil
}
