package proc

import (
	"os/exec"
	"syscall"
	"time"
)

// leader is the program of one Run, with or without a supervisor.
type leader interface {
	// pid returns the process id, which is also the group's.
	pid() int
	// await waits until the program has ended. Its process id stays reserved until reap, so
	// that signals cannot hit another process.
	await()
	// signal sends a signal to the group, which may be empty. SIGKILL goes to all processes
	// that can be reached: the group, or all descendants.
	signal(sig syscall.Signal)
	// reap returns how the program ended. Call it once, after await.
	reap() outcome
}

// outcome is how a program ended, and its usage.
type outcome struct {
	Status           syscall.WaitStatus
	Usage            Usage
	SupervisorKilled bool // status and usage are then the supervisor's
}

// direct is a child of flakeci.
type direct struct {
	cmd     *exec.Cmd
	started time.Time
	wall    time.Duration
}

func startDirect(cmd *exec.Cmd) (leader, error) {
	cmd.SysProcAttr = groupAttr()
	d := &direct{cmd: cmd, started: time.Now()}
	if err := startChild(cmd); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *direct) pid() int { return d.cmd.Process.Pid }

func (d *direct) await() {
	awaitExit(d.pid())
	d.wall = time.Since(d.started)
}

func (d *direct) signal(sig syscall.Signal) { _ = syscall.Kill(-d.pid(), sig) }

func (d *direct) reap() outcome {
	_ = d.cmd.Wait() // ProcessState has the result; os/exec has no pipes here
	forgetChild(d.cmd)
	return newOutcome(d.cmd.ProcessState, d.wall)
}
