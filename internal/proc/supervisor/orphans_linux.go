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

// Orphans kills all that descends from this process.
type Orphans struct {
	killed      map[Descendant]bool // by id and birth alone
	seen        map[int]bool        // the ids of all that were seen, and so of groups that were made here
	wait        time.Duration
	foreignOnly int // how often in a row there was nobody but those that may not be killed
}

// maxWait is between two looks at what does not die, as in a file system that
// hangs.
const maxWait = 250 * time.Millisecond

// NewOrphans returns one that has killed nobody yet.
func NewOrphans() *Orphans {
	return &Orphans{killed: map[Descendant]bool{}, seen: map[int]bool{}}
}

// kill has one look at the process table and kills. It returns when to have the
// next one, since those that were not hit yet may have forked meanwhile, or
// that there is no use in that: there is no table, or what is left belongs to
// another user, as after sudo.
func (o *Orphans) kill() (wait time.Duration, more bool) {
	all, err := Descendants(os.Getpid(), nil)
	if err != nil {
		return maxWait, false
	}
	return o.KillAll(all)
}

// KillAll makes one attempt to kill all of them. It returns what [Orphans.kill] does.
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

// killGroups kills whole groups. The kernel lets nobody fork out of that, however
// many there are and however slow it is here because of them. A group that was
// not made by a descendant may be flakeci's own.
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
			_ = syscall.Kill(-d.group, syscall.SIGKILL) // each one is tried again
			done[d.group] = true
		}
	}
}

// Descendant is a process as the process table has it, by the ids of it and its parent.
type Descendant struct {
	Pid, Parent int

	group  int
	born   string // in ticks since boot: who gets the same id later differs in it
	zombie bool
}

// Descendants lists those of a process in no order, except some of its children and what
// descends from them. The table changes while it is read.
func Descendants(of int, but map[int]bool) ([]Descendant, error) {
	// A process table of another pid namespace would have us kill strangers.
	if self, err := os.Readlink("/proc/self"); err != nil || self != strconv.Itoa(os.Getpid()) {
		return nil, errors.Join(err, os.ErrInvalid)
	}
	table, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer table.Close()
	names, _ := table.Readdirnames(-1) // the rest comes with the next look
	children := map[int][]Descendant{}
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			if d, err := readProcess(pid); err == nil {
				children[d.Parent] = append(children[d.Parent], d)
			}
		}
	}
	all := slices.DeleteFunc(children[of], func(d Descendant) bool { return but[d.Pid] })
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i].Pid]...)
	}
	return all, nil
}

// readProcess reads one line of the table.
func readProcess(pid int) (Descendant, error) {
	d := Descendant{Pid: pid}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return d, err
	}
	// The name, in parentheses, can have anything in it; numbers follow.
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
	// A handle stays with its process, on Linux 5.3 and later. Whoever is there
	// now, with the handle taken, is the one to be hit or nobody is.
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
