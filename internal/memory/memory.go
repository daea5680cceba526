// Package memory tells how much memory there is and who has it. It reads Linux's
// /proc and /sys/fs/cgroup; elsewhere nothing is known and all is 0.
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

// Available is the memory in bytes that programs can still have: what the machine
// has free, or what is left of the limit of a control group around this process,
// as in a container. 0 is unknown; where nothing is left it is a little.
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
	own, _ := os.ReadFile("/proc/self/cgroup") // none is no limit
	return max(min(kib<<10, cgroupAvailable("/sys/fs/cgroup", string(own))), 1<<20)
}

// cgroupAvailable is what the control groups (version 2) around this process leave it,
// given the line that the kernel says of them: 0::/a/b.
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

// pageCache is what a group uses for files that were read: whoever needs it has it,
// and without a need it is not given back, so that a group that reads much is at its
// limit all the time.
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

// number reads a file that holds one; "max" is none.
func number(path string) (int64, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	return n, err == nil
}

var killsRE = regexp.MustCompile(`(?m)^oom_kill (\d+)$`)

// OOMKills is how many processes the kernel has ended so far because memory ran out, of
// the machine or of a control group. 0 is none, or unknown.
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

// Resident is what a process has in memory, in bytes, with what it shares with
// others. It is 0 of one that is gone.
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
