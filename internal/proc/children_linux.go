package proc

import (
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/flakeci/flakeci/internal/proc/supervisor"
)

// ownChildren are the processes that this one started, and the children that it had before.
// All other children are orphans of a supervisor that was killed.
var ownChildren = children{pids: map[int]bool{}}

type children struct {
	mu    sync.Mutex
	adopt sync.Once
	pids  map[int]bool
}

// startChild starts a program.
func startChild(cmd *exec.Cmd) error {
	c := &ownChildren
	c.mu.Lock() // until the child is registered, so that it is not taken for an orphan
	defer c.mu.Unlock()
	c.adopt.Do(func() {
		// A shell may have started some children before it replaced itself with flakeci.
		before, _ := supervisor.Descendants(os.Getpid(), nil) // without /proc nothing is killed
		for _, d := range before {
			c.pids[d.Pid] = true
		}
		_ = supervisor.AdoptOrphans() // if it fails, init gets them
	})
	err := cmd.Start()
	if err == nil {
		c.pids[cmd.Process.Pid] = true
	}
	return err
}

// forgetChild unregisters a program that was reaped.
func forgetChild(cmd *exec.Cmd) {
	ownChildren.mu.Lock()
	defer ownChildren.mu.Unlock()
	delete(ownChildren.pids, cmd.Process.Pid)
}

// orphans lists the orphans that this process inherited, and their descendants.
func (c *children) orphans() ([]supervisor.Descendant, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return supervisor.Descendants(os.Getpid(), c.pids)
}

// orphanLimit is how long to wait for orphans that hang in the kernel.
const orphanLimit = 10 * time.Second

// killOrphans kills the processes that a killed supervisor left behind.
func (c *children) killOrphans() {
	o := supervisor.NewOrphans()
	for end := time.Now().Add(orphanLimit); time.Now().Before(end); {
		all, err := c.orphans()
		if err != nil || len(all) == 0 {
			return
		}
		wait, more := o.KillAll(all)
		for _, d := range all {
			if d.Parent == os.Getpid() {
				_, _ = syscall.Wait4(d.Pid, nil, syscall.WNOHANG|syscall.WALL, nil) // reaps the dead
			}
		}
		if !more {
			return
		}
		time.Sleep(max(wait, time.Millisecond))
	}
}
