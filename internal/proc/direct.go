package proc

import (
	"os/exec"
	"syscall"
	"time"
)

// leader is the program of one Run, started without a supervisor or with one.
type leader interface {
	// pid returns its process id, which is also that of its group.
	pid() int
	// await returns when it is dead. Until reap is called, nobody else gets its
	// id, and signals cannot hit a stranger.
	await()
	// signal sends a signal to its group. That there is nobody left is no fault.
	// SIGKILL means whatever can be reached: the group, or all descendants.
	signal(sig syscall.Signal)
	// reap returns how it ended. It is called once, after await.
	reap() outcome
}

// outcome is how a program ended and what it has used.
type outcome struct {
	Status           syscall.WaitStatus
	Usage            Usage
	SupervisorKilled bool `json:",omitzero"` // the supervisor was killed; status and usage are its own
}

// direct is a program that is flakeci's own child.
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
	_ = d.cmd.Wait() // ProcessState says it all; there are no pipes of exec's own
	forgetChild(d.cmd)
	return newOutcome(d.cmd.ProcessState, d.wall)
}
