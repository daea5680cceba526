package supervisor

import (
	"syscall"
	"time"
)

// A supervisor is recognized by its name and a flag that neither flakeci nor a test binary
// accepts: one that fails to become a supervisor rejects the flag, instead of doing its usual
// work and starting further supervisors for that. After the flag come the program's folder, its
// path, and its arguments with its name first.
const (
	Name = "flakeci-supervise"
	Flag = "-supervise"
	Link = 3 // the file descriptor of the supervisor's end of the link
)

// Report is a message of the supervisor, as JSON: first that the program runs or why it does
// not, later how it ended.
type Report struct {
	Pid   int           `json:",omitzero"`
	Op    string        `json:",omitzero"` // what failed with Errno
	Errno syscall.Errno `json:",omitzero"`
	End   *End          `json:",omitzero"`
}

// End is how the program ended, by the kernel's account, and how long it ran.
type End struct {
	Status syscall.WaitStatus
	Rusage syscall.Rusage
	Wall   time.Duration
}
