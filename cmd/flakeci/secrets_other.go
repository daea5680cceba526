//go:build !linux

package main

// hideEnvironment does nothing: macOS shows the environment of a process to its own user,
// and no call changes that.
func hideEnvironment([]string) {}
