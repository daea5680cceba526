package supervisor

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Orphans kills all descendants of this process.
type Orphans struct {
	killed      map[Descendant]bool // with only Pid and born set
	seen        map[int]bool        // ids of all descendants so far, and so of the groups they made
	wait        time.Duration
	foreignOnly int // attempts in a row that found only processes of other users
}

// maxWait is the longest time between two attempts, as for processes in a file system that
// hangs.
const maxWait = 250 * time.Millisecond

// NewOrphans returns an Orphans that has killed nothing yet.
func NewOrphans() *Orphans {
	return &Orphans{killed: map[Descendant]bool{}, seen: map[int]bool{}}
}

// kill reads the process table once and kills. It returns how long to wait before the next
// attempt, as new processes may have forked in the meantime. more is false if another attempt is
// useless: there is no table, or the rest belongs to another user, as after sudo.
func (o *Orphans) kill() (wait time.Duration, more bool) {
	all, err := Descendants(os.Getpid(), nil)
	if err != nil {
		return maxWait, false
	}
	return o.KillAll(all)
}

// KillAll tries once to kill all of them. It returns the same as [Orphans.kill].
func (o *Orphans) KillAll(all []Descendant) (wait time.Duration, more bool) {
	o.killGroups(all)
	fresh, alive, foreign := false, 0, 0
	for _, d := range all {
		id := Descendant{Pid: d.Pid, born: d.born}
		fresh = fresh || !o.killed[id]
		o.killed[id] = true
		switch err := d.kill(); {
		case errors.Is(err, syscall.EPERM):
			foreign++
		case err == nil && !d.zombie:
			alive++
		}
	}
	o.foreignOnly++
	if alive > 0 || foreign == 0 {
		o.foreignOnly = 0
	}
	if o.wait = min(max(2*o.wait, time.Millisecond), maxWait); fresh {
		o.wait = 0
	}
	return o.wait, o.foreignOnly < 3
}

// killGroups kills whole groups. No process can escape from that by forking, however many there
// are and however slow they make the machine. A group that no descendant made may be flakeci's
// own.
func (o *Orphans) killGroups(all []Descendant) {
	for _, d := range all {
		o.seen[d.Pid] = true
	}
	done := map[int]bool{}
	for _, d := range all {
		if !o.seen[d.group] || done[d.group] {
			continue
		}
		if now, err := readProcess(d.Pid); err == nil && now.born == d.born && now.group == d.group {
			_ = syscall.Kill(-d.group, syscall.SIGKILL) // each process is tried again
			done[d.group] = true
		}
	}
}

// Descendant is an entry of the process table, identified by its and its parent's id.
type Descendant struct {
	Pid, Parent int

	group  int
	born   string // in ticks since boot, which differs for a later process with the same id
	zombie bool
}

// Descendants lists the descendants of a process in no order, without the excluded children and
// their descendants. The table may change while it is read.
func Descendants(of int, excluded map[int]bool) ([]Descendant, error) {
	// With the process table of another pid namespace, the ids would be those of other processes.
	if self, err := os.Readlink("/proc/self"); err != nil || self != strconv.Itoa(os.Getpid()) {
		return nil, errors.Join(err, os.ErrInvalid)
	}
	table, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer table.Close()
	names, _ := table.Readdirnames(-1) // the next attempt sees the rest
	children := map[int][]Descendant{}
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			if d, err := readProcess(pid); err == nil {
				children[d.Parent] = append(children[d.Parent], d)
			}
		}
	}
	all := slices.DeleteFunc(children[of], func(d Descendant) bool { return excluded[d.Pid] })
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i].Pid]...)
	}
	return all, nil
}

// readProcess reads one entry of the table.
func readProcess(pid int) (Descendant, error) {
	d := Descendant{Pid: pid}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return d, err
	}
	// The name in parentheses may contain anything; numbers follow.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 {
		return d, syscall.ESRCH
	}
	d.zombie, d.born = fields[0] == "Z", fields[19]
	d.Parent, _ = strconv.Atoi(fields[1]) // the kernel's numbers
	d.group, _ = strconv.Atoi(fields[2])
	return d, nil
}

// kill kills the process if it is still the same one.
func (d Descendant) kill() error {
	// On Linux 5.3 and later a handle stays with its process. If the process behind the handle
	// is not the right one, none is killed.
	handle, err := os.FindProcess(d.Pid)
	if err != nil {
		return err
	}
	defer func() { _ = handle.Release() }()
	now, err := readProcess(d.Pid)
	if err != nil || now.born != d.born {
		return os.ErrProcessDone
	}
	return handle.Signal(syscall.SIGKILL)
}
