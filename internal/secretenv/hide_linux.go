package secretenv

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// wipeEnvironment wipes the values of variables in /proc/PID/environ, where the kernel keeps
// showing the environment that the process was started with. It also keeps other programs of
// the same user, except root's, from reading the rest of the memory. If a kernel allows
// neither, nothing else can be done.
func wipeEnvironment(names []string) {
	if len(names) == 0 {
		return
	}
	_ = wipe(names)
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) // from here on /proc/self/mem is root's
}

func wipe(names []string) error {
	start, end, err := environment()
	if err != nil {
		return err
	}
	memory, err := os.OpenFile("/proc/self/mem", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer memory.Close()
	block := make([]byte, end-start)
	if _, err := memory.ReadAt(block, start); err != nil {
		return err
	}
	at := start
	for _, variable := range bytes.SplitAfter(block, []byte{0}) {
		name, value, found := bytes.Cut(bytes.TrimRight(variable, "\x00"), []byte("="))
		if found && slices.Contains(names, string(name)) {
			if _, err := memory.WriteAt(bytes.Repeat([]byte{'*'}, len(value)), at+int64(len(name))+1); err != nil {
				return err
			}
		}
		at += int64(len(variable))
	}
	return nil
}

// environment returns where the environment begins and ends in this process's memory: the
// fields 50 and 51 of proc_pid_stat(5).
func environment() (start, end int64, err error) {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0, 0, err
	}
	// The second field is the name in parentheses, which may contain anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 49 {
		return 0, 0, errors.New("/proc/self/stat is too short")
	}
	if start, err = strconv.ParseInt(fields[47], 10, 64); err != nil {
		return 0, 0, err
	}
	if end, err = strconv.ParseInt(fields[48], 10, 64); err != nil {
		return 0, 0, err
	}
	if start <= 0 || end < start || end-start > 8<<20 {
		return 0, 0, errors.New("/proc/self/stat names no environment")
	}
	return start, end, nil
}
