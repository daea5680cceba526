package bench_test

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// process is the state of a process at one moment.
type process struct {
	pid    int
	parent int
	name   string // the kernel's, of 15 bytes
	// rss is the resident memory in bytes, including shared memory.
	rss int64
	// cpu is the processor time so far, without children, in steps of 10 ms.
	cpu time.Duration
	// forked reports that it has not run another program yet. Its memory is its parent's.
	forked bool
}

// tree lists the descendants of a process. It reads only the tree, so it is cheap on a busy
// machine.
func tree(pid int) []process {
	var all []process
	for _, child := range children(pid) {
		p := readProcess(child)
		p.parent = pid
		all = append(append(all, p), tree(child)...)
	}
	return all
}

// children lists the children of each thread, since a child belongs to the thread that started it.
func children(pid int) []int {
	tasks := "/proc/" + strconv.Itoa(pid) + "/task"
	dir, err := os.Open(tasks)
	if err != nil {
		return nil
	}
	defer dir.Close()
	threads, _ := dir.Readdirnames(-1) // the process may end meanwhile
	var list []int
	for _, thread := range threads {
		text, _ := os.ReadFile(tasks + "/" + thread + "/children") // so may the thread
		for _, field := range bytes.Fields(text) {
			if child, err := strconv.Atoi(string(field)); err == nil {
				list = append(list, child)
			}
		}
	}
	return list
}

// Indexes of fields of /proc/PID/stat, counted from the one after the name; in proc(5) the name is
// field 2.
const (
	statFlags = 9 - 3
	statUser  = 14 - 3
	statRSS   = 24 - 3

	forkedOnly = 0x40 // PF_FORKNOEXEC of linux/sched.h
	tick       = 10 * time.Millisecond
)

// readProcess reads a process's state from the kernel; it is empty if the process has ended.
func readProcess(pid int) process {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return process{pid: pid}
	}
	fields := bytes.Fields(text[end+1:])
	if len(fields) <= statRSS {
		return process{pid: pid}
	}
	number := func(field int) int64 {
		n, _ := strconv.ParseInt(string(fields[field]), 10, 64) // from the kernel, so valid
		return n
	}
	return process{
		pid: pid, name: string(text[open+1 : end]),
		rss:    number(statRSS) * int64(os.Getpagesize()),
		cpu:    time.Duration(number(statUser)+number(statUser+1)) * tick,
		forked: number(statFlags)&forkedOnly != 0,
	}
}
