// Package memory measures the memory of the machine and of processes. It reads Linux's /proc and
// /sys/fs/cgroup; on other systems every value is 0.
package memory

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

var availableRE = regexp.MustCompile(`(?m)^MemAvailable:\s+(\d+) kB`)

// Available returns the memory in bytes that programs can still get: what the machine has free, or
// less if a control group around this process has a limit, as in a container. 0 means unknown; if
// nothing is left, it returns 1 MiB.
func Available() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	m := availableRE.FindSubmatch(text)
	if m == nil {
		return 0
	}
	kib, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		return 0
	}
	own, _ := os.ReadFile("/proc/self/cgroup") // without it there is no limit
	return max(min(kib<<10, cgroupAvailable("/sys/fs/cgroup", string(own))), 1<<20)
}

// cgroupAvailable returns what the control groups (version 2) around this process leave it. own
// is /proc/self/cgroup, with a line such as 0::/a/b.
func cgroupAvailable(root, own string) int64 {
	left := int64(math.MaxInt64)
	_, group, ok := strings.Cut(own, "0::")
	if !ok {
		return left
	}
	group, _, _ = strings.Cut(group, "\n")
	for {
		dir := filepath.Join(root, group)
		limit, limited := number(filepath.Join(dir, "memory.max"))
		used, _ := number(filepath.Join(dir, "memory.current"))
		if limited {
			left = min(left, max(limit-used+pageCache(dir), 0))
		}
		if group == "/" || group == "." || group == "" {
			return left
		}
		group = filepath.Dir(group)
	}
}

var readFilesRE = regexp.MustCompile(`(?m)^(?:in)?active_file (\d+)$`)

// pageCache returns the memory that a group uses to cache files. The kernel frees it only on
// demand, so a group that reads much is always at its limit.
func pageCache(dir string) (all int64) {
	text, err := os.ReadFile(filepath.Join(dir, "memory.stat"))
	if err != nil {
		return 0
	}
	for _, m := range readFilesRE.FindAllSubmatch(text, -1) {
		n, _ := strconv.ParseInt(string(m[1]), 10, 64)
		all += n
	}
	return all
}

// number reads a file that holds a number. It returns false for "max".
func number(path string) (int64, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	return n, err == nil
}

var killsRE = regexp.MustCompile(`(?m)^oom_kill (\d+)$`)

// OOMKills returns how many processes the kernel has killed so far because the machine or a
// control group ran out of memory. 0 is none, or unknown.
func OOMKills() int64 {
	text, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		return 0
	}
	m := killsRE.FindSubmatch(text)
	if m == nil {
		return 0
	}
	n, _ := strconv.ParseInt(string(m[1]), 10, 64)
	return n
}

// Resident returns the resident memory of a process in bytes, shared memory included. It is 0
// for a process that has ended.
func Resident(pid int) int64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
