package proc

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/flakeci/flakeci/internal/proc/supervisor"
)

// supervised is a program that is the child of a supervisor. The link is a pair
// of connected sockets. One way go reports, the other way signals, a byte each.
// Its end here is in no other process, so that the supervisor sees it closed
// when flakeci is gone, however that happens. A parent-death signal would tell
// of the end of a thread only.
type supervised struct {
	cmd     *exec.Cmd // the supervisor
	link    *os.File
	program int // its process id
	started time.Time
	end     *outcome // nil if the supervisor did not tell
}

func startSupervised(program *exec.Cmd) (leader, error) {
	if program.Err != nil || program.Path == "" {
		return nil, cmp.Or(program.Err, errors.New("exec: no command")) // in the words of os/exec
	}
	link, theirs, err := socketpair()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(supervisorPath())
	cmd.Args = append([]string{supervisor.Name, supervisor.Flag, program.Dir, program.Path}, program.Args...)
	if cmd.Env = program.Env; cmd.Env == nil {
		cmd.Env = program.Environ() // which has PWD follow Dir
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program.Stdin, program.Stdout, program.Stderr
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s := &supervised{cmd: cmd, link: link, started: time.Now()}
	err = startChild(cmd)
	_ = theirs.Close()
	if err != nil {
		_ = link.Close()
		return nil, blameProgram(err, program.Path)
	}
	if err := s.awaitStart(program.Path); err != nil {
		_ = link.Close()
		_ = cmd.Wait() // the error is known
		forgetChild(cmd)
		return nil, err
	}
	return s, nil
}

// blameProgram has an error speak of the program where it is not the supervisor's:
// too many arguments for the one are too many for the other.
func blameProgram(err error, path string) error {
	var failure *fs.PathError
	if errors.Is(err, syscall.E2BIG) && errors.As(err, &failure) {
		failure.Path = path
	}
	return err
}

// socketpair makes the link. Messages arrive as they were sent.
func socketpair() (ours, theirs *os.File, err error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	_ = syscall.SetNonblock(fds[0], true) // for the poller; it works without, with one more thread
	return os.NewFile(uintptr(fds[0]), "supervisor"), os.NewFile(uintptr(fds[1]), "flakeci"), nil
}

// awaitStart returns when the program runs or could not be started.
func (s *supervised) awaitStart(path string) error {
	r, err := s.read()
	switch {
	case err != nil:
		return fmt.Errorf("its supervisor did not start it: %w", err)
	case r.Errno != 0: // in the words of package os
		return &fs.PathError{Op: r.Op, Path: path, Err: r.Errno}
	}
	s.program = r.Pid
	return nil
}

func (s *supervised) read() (r supervisor.Report, err error) {
	b := make([]byte, 4<<10)
	n, err := s.link.Read(b)
	if errors.Is(err, syscall.ECONNRESET) {
		// It went away before it took our last signal. This comes first and once,
		// then what it has said.
		n, err = s.link.Read(b)
	}
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(b[:n], &r)
}

func (s *supervised) pid() int { return s.program }

func (s *supervised) await() {
	r, err := s.read()
	if err == nil && r.End != nil {
		s.end = &outcome{Status: r.End.Status, Usage: usageOf(&r.End.Rusage)}
		s.end.Usage.Wall = r.End.Wall
		return
	}
	// Somebody killed the supervisor. The kernel has just killed its program,
	// this is for the rest of the group, and reap for what has left that.
	_ = syscall.Kill(-s.program, syscall.SIGKILL)
}

func (s *supervised) signal(sig syscall.Signal) { _, _ = s.link.Write([]byte{byte(sig)}) }

// reap returns when all descendants are gone, which the supervisor waits for. Those of
// one that was killed are this process's by now.
func (s *supervised) reap() outcome {
	wall := time.Since(s.started)
	_ = s.cmd.Wait() // its exit code says nothing
	forgetChild(s.cmd)
	_ = s.link.Close()
	if s.end != nil {
		return *s.end
	}
	ownChildren.killOrphans()
	o := newOutcome(s.cmd.ProcessState, wall)
	o.SupervisorKilled = true
	return o
}
