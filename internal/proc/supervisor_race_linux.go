//go:build race

package proc

import (
	"cmp"
	"os"
)

// supervisorPath returns the program to start as supervisor. Builds with the race detector,
// which only tests use, may start one without: every Nix and git has a supervisor, and starting
// one takes 35 ms of processor time with the race detector, 2 ms without. That was a fifth of a
// script.
func supervisorPath() string {
	return cmp.Or(os.Getenv("SUPERVISOR_WITHOUT_RACE"), "/proc/self/exe")
}
