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

// supervised is a program below a supervisor. The link is a pair of connected sockets:
// reports come in, and signals go out, a byte each. No other process has flakeci's end, so the
// supervisor sees it close when flakeci is gone for any reason. A parent-death signal would
// only tell the end of a thread.
type supervised struct {
	cmd     *exec.Cmd // the supervisor
	link    *os.File
	program int // the program's process id
	started time.Time
	end     *outcome // nil if the supervisor did not report it
}

func startSupervised(program *exec.Cmd) (leader, error) {
	if program.Err != nil || program.Path == "" {
		return nil, cmp.Or(program.Err, errors.New("exec: no command")) // os/exec's message
	}
	link, childEnd, err := socketpair()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(supervisorPath())
	cmd.Args = append([]string{supervisor.Name, supervisor.Flag, program.Dir, program.Path}, program.Args...)
	if cmd.Env = program.Env; cmd.Env == nil {
		cmd.Env = program.Environ() // with PWD set to Dir
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program.Stdin, program.Stdout, program.Stderr
	cmd.ExtraFiles = []*os.File{childEnd}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s := &supervised{cmd: cmd, link: link, started: time.Now()}
	err = startChild(cmd)
	_ = childEnd.Close()
	if err != nil {
		_ = link.Close()
		return nil, blameProgram(err, program.Path)
	}
	if err := s.awaitStart(program.Path); err != nil {
		_ = link.Close()
		_ = cmd.Wait() // awaitStart has the error
		forgetChild(cmd)
		return nil, err
	}
	return s, nil
}

// blameProgram replaces the supervisor's path in an error with the program's if the program is to
// blame: arguments that are too long for one are too long for the other.
func blameProgram(err error, path string) error {
	var failure *fs.PathError
	if errors.Is(err, syscall.E2BIG) && errors.As(err, &failure) {
		failure.Path = path
	}
	return err
}

// socketpair makes the link, which preserves the boundaries of messages.
func socketpair() (ourEnd, childEnd *os.File, err error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	_ = syscall.SetNonblock(fds[0], true) // saves a thread; the link works without
	return os.NewFile(uintptr(fds[0]), "supervisor"), os.NewFile(uintptr(fds[1]), "flakeci"), nil
}

// awaitStart waits until the program runs or could not be started.
func (s *supervised) awaitStart(path string) error {
	r, err := s.read()
	switch {
	case err != nil:
		return fmt.Errorf("its supervisor did not start it: %w", err)
	case r.Errno != 0: // like package os
		return &fs.PathError{Op: r.Op, Path: path, Err: r.Errno}
	}
	s.program = r.Pid
	return nil
}

func (s *supervised) read() (r supervisor.Report, err error) {
	b := make([]byte, 4<<10)
	n, err := s.link.Read(b)
	if errors.Is(err, syscall.ECONNRESET) {
		// The supervisor exited before it read the last signal. This error comes first and once,
		// then the reports.
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
	// The supervisor was killed, and the kernel has killed the program. This kills the rest of the
	// group; reap kills what left the group.
	_ = syscall.Kill(-s.program, syscall.SIGKILL)
}

func (s *supervised) signal(sig syscall.Signal) { _, _ = s.link.Write([]byte{byte(sig)}) }

// reap returns when all descendants have ended. The supervisor waits for that; if it was killed,
// this process has adopted them.
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
