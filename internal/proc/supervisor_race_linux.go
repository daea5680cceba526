//go:build race

package proc

import (
	"cmp"
	"os"
)

// supervisorPath is the program to start as supervisor. With the race detector, and so in
// tests alone, it may be one without it: each Nix and each git has a supervisor, to start
// one takes 35 ms of a processor with the race detector and 5 without, and that was a
// quarter of what the tests took.
func supervisorPath() string {
	return cmp.Or(os.Getenv("SUPERVISOR_WITHOUT_RACE"), "/proc/self/exe")
}
