//go:build !race

package main

// raced reports whether the tests run with the race detector.
const raced = false
