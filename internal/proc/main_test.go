package proc_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
)

// roleVar makes the test binary play one of the programs below instead.
const roleVar = "FLAKECI_PROC_TEST_ROLE"

func TestMain(m *testing.M) {
	switch role, arg, _ := strings.Cut(os.Getenv(roleVar), ":"); role {
	case "":
		listen()
		// With -race each process of the test binary, supervisors included, would sleep for a
		// second at its end.
		if err := os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")); err != nil {
			panic(err)
		}
		os.Exit(m.Run())
	case "eat":
		eat(arg)
	case "parent":
		parent()
	case "flakeci":
		flakeci(arg)
	case "daemon":
		daemon(arg)
	case "stubborn":
		stubborn()
	case "tidy":
		tidy()
	}
}

// listen undoes the effect of a shell that started the tests in the background: there they
// ignore SIGINT, and so would their child processes.
func listen() {
	if signal.Ignored(syscall.SIGINT) {
		signal.Notify(make(chan os.Signal, 1), syscall.SIGINT)
	}
}

// play returns a command that runs the test binary in a role.
func play(t *testing.T, role string) *proc.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &proc.Cmd{Path: self, Env: append(os.Environ(), roleVar+"="+role)}
}

// eat uses a number of MiB of memory.
func eat(mib string) {
	n, _ := strconv.Atoi(mib)
	memory := bytes.Repeat([]byte{1}, n<<20)
	fmt.Println(len(memory))
}

// parent runs a child that never exits, and prints its id.
func parent() {
	cmd := proc.Cmd{Path: "sleep", Args: []string{"1000"}, OnStart: func(pid int) { fmt.Println(pid) }}
	_, _ = cmd.Run(context.Background())
}

// flakeci runs a shell script under supervision repeatedly. The script's stderr goes to stdout.
func flakeci(script string) {
	cmd := sh(script)
	cmd.Supervised, cmd.OnStderr = true, func(line []byte) { fmt.Printf("%s\n", line) }
	cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, roleVar+"=") })
	for {
		if _, err := cmd.Run(context.Background()); err != nil {
			fmt.Println(err)
		}
	}
}

// daemon leaves its group, session and parent, ignores signals, and repeats that a number of
// times.
func daemon(generations string) {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	if n, _ := strconv.Atoi(generations); n > 0 {
		next := exec.Command("/proc/self/exe")
		next.Env = append(os.Environ(), fmt.Sprintf("%s=daemon:%d", roleVar, n-1))
		next.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		next.Stdin, next.Stdout, next.Stderr = os.Stdin, os.Stdout, os.Stderr
		if err := next.Start(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		return
	}
	fmt.Fprintln(os.Stderr, "ready")
	time.Sleep(1000 * time.Second)
}

// stubborn ignores SIGINT.
func stubborn() {
	signal.Ignore(syscall.SIGINT)
	fmt.Fprintln(os.Stderr, "ready")
	time.Sleep(1000 * time.Second)
}

// tidy takes some time to clean up when it is interrupted.
func tidy() {
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, syscall.SIGINT)
	fmt.Fprintln(os.Stderr, "ready")
	<-interrupt
	time.Sleep(100 * time.Millisecond)
	fmt.Fprintln(os.Stderr, "cleaned up")
}

// sh returns a command that runs a shell script.
func sh(script string) *proc.Cmd {
	return &proc.Cmd{Path: "/bin/sh", Args: []string{"-c", script}}
}

// gone waits until a process that is not our child has ended. It may stay a zombie, as in a
// container without an init.
func gone(t *testing.T, pid int) {
	t.Helper()
	for range 2000 {
		if syscall.Kill(pid, 0) != nil || isZombie(pid) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("process %d is still running", pid)
}

func isZombie(pid int) bool {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, found := bytes.Cut(stat, []byte(") "))
	return found && rest[0] == 'Z'
}
