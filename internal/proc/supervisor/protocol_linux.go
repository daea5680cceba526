package supervisor

import (
	"syscall"
	"time"
)

// A supervisor is known by its name and a flag, which is nothing that flakeci or a test
// binary would take: one that is not asked to be a supervisor after all complains of the
// flag, instead of doing its work once more, and once more for that. After the flag come
// the program's folder, its path and its arguments, the name first.
const (
	Name = "flakeci-supervise"
	Flag = "-supervise"
	Link = 3 // the file descriptor of its end of the link
)

// Report is a message of the supervisor: first that the program runs or why it does not,
// later how it ended. It is sent as JSON.
type Report struct {
	Pid   int           `json:",omitzero"`
	Op    string        `json:",omitzero"` // what failed with Errno
	Errno syscall.Errno `json:",omitzero"`
	End   *End          `json:",omitzero"`
}

// End is how the program ended, as the kernel has it, and how long it ran.
type End struct {
	Status syscall.WaitStatus
	Rusage syscall.Rusage
	Wall   time.Duration
}
