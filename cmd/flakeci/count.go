package main

import (
	"errors"
	"strconv"
)

// count is a flag for a number from 1 on; 0 is not given.
type count int

func (n *count) String() string {
	if *n == 0 {
		return ""
	}
	return strconv.Itoa(int(*n))
}

// Type is how the value is called in the help.
func (n *count) Type() string { return "count" }

// Set takes a number.
func (n *count) Set(text string) error {
	i, err := strconv.Atoi(text)
	if err != nil || i < 1 {
		return errors.New("not a positive number")
	}
	*n = count(i)
	return nil
}
