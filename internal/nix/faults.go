package nix

import (
	"errors"
	"regexp"
	"runtime"
	"syscall"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/result"
)

// MachineFault returns the kind of fault if the machine is to blame for an evaluation that
// failed: no daemon, a full disk, no memory left, or a broken store. Otherwise it is "".
func MachineFault(err error) result.CauseKind {
	var died *proc.Error
	var e *nixlog.EvalError
	switch {
	case diskFull(err):
		return result.CauseDisk
	case errors.As(err, &died) && died.Signal == syscall.SIGABRT && nixlog.HeapExhausted(died.LastLine):
		return result.CauseMemory
	case errors.As(err, &e):
		return e.MachineFault()
	}
	return ""
}

// diskFull reports whether a Nix died because the disk is full. It maps a file of its
// database into memory, and Linux sends SIGBUS to a process that writes there when the
// disk has no room. On macOS infinite recursion ends that way, too.
func diskFull(err error) bool {
	var died *proc.Error
	return runtime.GOOS == "linux" && errors.As(err, &died) && died.Signal == syscall.SIGBUS
}

// Transient reports whether an evaluation that failed may succeed the next time: something
// could not be fetched, or Nix itself lost a connection.
func Transient(err error) bool {
	var e *nixlog.EvalError
	if errors.As(err, &e) {
		return e.Transient()
	}
	var died *proc.Error
	return errors.As(err, &died) && died.Err == nil && nixlog.Transient(died.LastLine)
}

// explain puts the error that Nix logged into the error of the process.
func explain(err error, log *nixlog.ErrorLog) {
	var died *proc.Error
	if line := log.FirstLine(); line != "" && errors.As(err, &died) {
		died.LastLine = line
	}
}

// stackRE finds a line of the stack that Nix prints when it crashes.
var stackRE = regexp.MustCompile(`^\d+# `)

// explainCrash puts what Nix printed before its stack into the error of the process.
func explainCrash(err error, log *nixlog.ErrorLog) {
	var died *proc.Error
	if errors.As(err, &died) && log.Crash() != "" && stackRE.MatchString(died.LastLine) {
		died.LastLine = log.Crash()
	}
}
