package bench_test

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// process is one process at one moment.
type process struct {
	pid    int
	parent int
	name   string // as the kernel has it, 15 bytes
	// rss is its resident memory in bytes, what it shares with others included.
	rss int64
	// cpu is what it has used by itself so far, in steps of 10 ms.
	cpu time.Duration
	// forked is true of one that has not become a program of its own yet. Its memory
	// is that of its parent.
	forked bool
}

// tree lists the descendants of a process at this moment. It looks at nothing but the
// tree, so it is cheap on a busy machine.
func tree(pid int) []process {
	var all []process
	for _, child := range children(pid) {
		p := readProcess(child)
		p.parent = pid
		all = append(append(all, p), tree(child)...)
	}
	return all
}

// children asks each thread, since a child belongs to the one that started it.
func children(pid int) []int {
	tasks := "/proc/" + strconv.Itoa(pid) + "/task"
	dir, err := os.Open(tasks)
	if err != nil {
		return nil
	}
	defer dir.Close()
	threads, _ := dir.Readdirnames(-1) // it may go meanwhile
	var list []int
	for _, thread := range threads {
		text, _ := os.ReadFile(tasks + "/" + thread + "/children") // as may the thread
		for _, field := range bytes.Fields(text) {
			if child, err := strconv.Atoi(string(field)); err == nil {
				list = append(list, child)
			}
		}
	}
	return list
}

// Of the fields of /proc/PID/stat, counted from the one after the name; proc(5) counts
// from 1 and has the name second.
const (
	statFlags = 9 - 3
	statUser  = 14 - 3
	statRSS   = 24 - 3

	forkedOnly = 0x40 // PF_FORKNOEXEC of linux/sched.h
	tick       = 10 * time.Millisecond
)

// readProcess reads what the kernel says of a process, nothing if it is gone.
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
		n, _ := strconv.ParseInt(string(fields[field]), 10, 64) // the kernel's own
		return n
	}
	return process{
		pid: pid, name: string(text[open+1 : end]),
		rss:    number(statRSS) * int64(os.Getpagesize()),
		cpu:    time.Duration(number(statUser)+number(statUser+1)) * tick,
		forked: number(statFlags)&forkedOnly != 0,
	}
}
