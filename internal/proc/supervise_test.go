//go:build linux

package proc_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
)

// label adds a variable to the command's environment, by which all its descendants can be found.
func label(t *testing.T, cmd *proc.Cmd) (label string) {
	t.Helper()
	label = fmt.Sprintf("FLAKECI_PROC_TEST_LABEL=%d-%d", os.Getpid(), rand.Uint64())
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, label)
	t.Cleanup(func() { // even after a failed test
		for _, pid := range labeled(label) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	return label
}

// labeled lists the living processes with a label.
func labeled(label string) (pids []int) {
	table, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range table {
		environ, _ := os.ReadFile(file) // a zombie has none
		if bytes.Contains(append([]byte{0}, environ...), []byte("\x00"+label+"\x00")) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// noneLeft requires that all processes with a label end in time.
func noneLeft(t *testing.T, label string, within time.Duration) {
	t.Helper()
	for end := time.Now().Add(within); ; time.Sleep(5 * time.Millisecond) {
		left := labeled(label)
		if len(left) == 0 {
			return
		}
		if time.Now().Before(end) {
			continue
		}
		for _, pid := range left {
			argv, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			t.Errorf("process %d is still running: %q", pid, argv)
		}
		return
	}
}

// A supervised program behaves like any other.
func TestSupervisedIsTheSame(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"secret": "#!/bin/sh\n", "nonsense": "what", "bad": "#!/no/such/shell\n", "here": "#!/bin/sh\necho \"$0\" here"} {
		mode := os.FileMode(0o700)
		if name == "secret" {
			mode = 0o600
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tests := map[string]proc.Cmd{
		"good":          *sh("echo out; echo err >&2"),
		"code":          *sh("echo error: this >&2; exit 3"),
		"high code":     *sh("exit 255"),
		"signal":        *sh("kill -TERM $$"),
		"kill":          *sh("kill -KILL $$"),
		"core":          *sh("ulimit -c 0; kill -SEGV $$"),
		"strange names": {Path: "/bin/sh", Args: []string{"-c", `printf '<%s>' "$0" "$@"`, "", "-supervise", "--", "a b", "\xff\n"}},
		"stdin":         {Path: "cat", Stdin: strings.NewReader("from stdin")},
		"no stdin":      {Path: "cat"},
		"descriptors":   *sh("ls /proc/$$/fd"),
		"signals":       {Path: "grep", Args: []string{"-E", "^Sig(Blk|Ign)", "/proc/self/status"}},
		"open files":    *sh("ulimit -n"),
		"group":         *sh("read a b c d pgrp rest </proc/$$/stat; [ $pgrp = $$ ] && echo leads"),
		"environment":   {Path: "env", Env: []string{"PATH=" + os.Getenv("PATH"), "A=1", "A=2", "B=x=y"}},
		"none":          {Path: "env", Env: []string{}},
		"a bad one":     {Path: "env", Env: []string{"A=\x00"}},
		"dir":           {Path: "sh", Args: []string{"-c", `pwd; echo "$PWD"`}, Dir: dir},
		"by dir":        {Path: "./here", Dir: dir},
		"no dir":        {Path: "sh", Dir: "/no/such/folder"},
		"not in PATH":   {Path: "flakeci-has-no-such-program"},
		"no file":       {Path: "/no/such/program"},
		"no program":    {},
		"folder":        {Path: "/"},
		"not allowed":   {Path: filepath.Join(dir, "secret")},
		"not one":       {Path: filepath.Join(dir, "nonsense")},
		"interpreter":   {Path: filepath.Join(dir, "bad")},
		"too long":      {Path: "true", Args: []string{strings.Repeat("x", 1<<20)}},
		"by line":       {Path: "sh", Args: []string{"-c", "echo a; echo b"}, OnStdout: func([]byte) {}},
		"a file":        {Path: "sh", Args: []string{"-c", "echo a; readlink /proc/$$/fd/1"}, Stdout: file},
		"full":          {Path: "yes", Stdout: fullDisk{}},
	}
	for name, plain := range tests {
		t.Run(name, func(t *testing.T) {
			supervised := plain
			supervised.Supervised = true
			if input, ok := plain.Stdin.(*strings.Reader); ok {
				again := *input
				supervised.Stdin = &again
			}
			want, got := shown(plain), shown(supervised)
			if got != want {
				t.Errorf("supervised:\n%s\nplain:\n%s", got, want)
			}
		})
	}
}

// shown runs a command and describes everything but numbers.
func shown(cmd proc.Cmd) string {
	var out bytes.Buffer
	var lines []string
	if cmd.Stdout == nil {
		cmd.Stdout = &out
	}
	cmd.OnStderr = func(line []byte) { lines = append(lines, string(line)) }
	usage, err := cmd.Run(context.Background())
	text := fmt.Sprintf("stdout %q, stderr %q, used %t", out.String(), lines, usage != proc.Usage{})
	var e *proc.Error
	if errors.As(err, &e) {
		text += fmt.Sprintf(", argv %.100q, code %d, signal %d, last %q, not found %t %t, %.200s",
			e.Argv, e.ExitCode, e.Signal, e.LastLine, errors.Is(err, proc.ErrNotFound), errors.Is(err, fs.ErrNotExist), err)
	}
	return text
}

func TestSupervisedMeasures(t *testing.T) {
	cmd := play(t, "eat:200")
	cmd.Supervised = true
	usage, err := cmd.Run(context.Background())
	if err != nil || usage.MaxRSS < 200<<20 || usage.MaxRSS > 4<<30 || usage.User+usage.System <= 0 {
		t.Errorf("used %+v, %v", usage, err)
	}
	cmd = sh("sleep 0.2")
	cmd.Supervised = true
	usage, err = cmd.Run(context.Background())
	if err != nil || usage.MaxRSS > 100<<20 || usage.Wall < 200*time.Millisecond || usage.User+usage.System > 100*time.Millisecond {
		t.Errorf("used %+v, %v", usage, err)
	}
}

func TestSupervisedOnStart(t *testing.T) {
	var started int
	var out bytes.Buffer
	cmd := sh("echo $$")
	cmd.Supervised, cmd.Stdout, cmd.OnStart = true, &out, func(pid int) { started = pid }
	if _, err := cmd.Run(context.Background()); err != nil || strings.TrimSpace(out.String()) != strconv.Itoa(started) {
		t.Errorf("started is %d, the program says %q, %v", started, out.String(), err)
	}
}

func TestSupervisedPassesOnMuchData(t *testing.T) {
	const size = 64 << 20
	var got int64
	cmd := &proc.Cmd{Path: "cat", Supervised: true, Stdin: io.LimitReader(zeros{}, size)}
	cmd.Stdout = writer(func(b []byte) { got += int64(len(b)) })
	if _, err := cmd.Run(context.Background()); err != nil || got != size {
		t.Errorf("got %d bytes, %v", got, err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// Neither a run nor a failed start leaves a file open.
func TestSupervisedLeavesNoFiles(t *testing.T) {
	files := func() int {
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(open)
	}
	before := 0
	for i := range 20 {
		for _, path := range []string{"true", "/no/such/program", "flakeci-has-no-such-program"} {
			_, _ = (&proc.Cmd{Path: path, Supervised: true, Stdout: &bytes.Buffer{}}).Run(context.Background())
		}
		if i == 0 {
			before = files() // the runtime keeps some open
		}
	}
	if after := files(); after > before+2 {
		t.Errorf("%d open files became %d", before, after)
	}
}

// The supervisor does not hold the streams open, so closing one shows.
func TestSupervisedCloses(t *testing.T) {
	first := make(chan struct{})
	cmd := sh("exec >&-; exec <&-; echo closed >&2; sleep 1000")
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd.Supervised = true
	cmd.Stdin = io.MultiReader(io.LimitReader(zeros{}, 10<<20), reader(func() { close(first) }))
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	cmd.Stdout = write
	ended := make(chan error, 1)
	cmd.OnStderr = func([]byte) {
		_ = write.Close()
		if _, err := io.Copy(io.Discard, read); err != nil {
			t.Error(err)
		}
		cancel()
	}
	go func() {
		_, err := cmd.Run(ctx)
		ended <- err
	}()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

type reader func()

func (r reader) Read([]byte) (int, error) { r(); return 0, io.EOF }

// The processes that a program leaves behind end with it, without an error.
func TestSupervisedLeavesNothing(t *testing.T) {
	tests := map[string]string{
		"group":     "sleep 1000 & exit 7",
		"sessions":  "setsid sleep 1000 & setsid setsid sleep 1001 & sleep 0.1; exit 7",
		"restarter": "setsid sh -c 'while :; do sleep 1000; done' & sleep 0.1; exit 7",
		"stopped":   "setsid sh -c 'kill -STOP $$' & sleep 0.1; exit 7",
		"killed":    "setsid sleep 1000 & sleep 0.1; kill -KILL $$",
	}
	for name, script := range tests {
		t.Run(name, func(t *testing.T) {
			cmd := sh(script)
			cmd.Supervised = true
			m := label(t, cmd)
			_, err := cmd.Run(context.Background())
			noneLeft(t, m, 0)
			var e *proc.Error
			if !errors.As(err, &e) || e.ExitCode != 7 && e.Signal != syscall.SIGKILL {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// daemons returns a script whose daemon has left by the time it prints "ready".
func daemons(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("trap '' INT; %s=daemon:2 '%s'; sleep 1000 & sleep 1001", roleVar, self)
}

func TestSupervisedStops(t *testing.T) {
	tests := map[string]struct {
		grace time.Duration
		kill  bool
	}{
		"grace over":          {50 * time.Millisecond, false},
		"second interruption": {time.Hour, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			kill := make(chan struct{})
			cmd := sh(daemons(t))
			cmd.Supervised, cmd.Grace = true, tt.grace
			m := label(t, cmd)
			cancelOn(cmd, func() {
				cancel()
				if tt.kill {
					close(kill)
				}
			})
			_, err := cmd.Run(proc.WithKill(ctx, kill))
			noneLeft(t, m, 0)
			var e *proc.Error
			if !errors.As(err, &e) || !errors.Is(err, context.Canceled) || e.Signal != syscall.SIGKILL {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// Like TestCancelWaitsForTheGroup. A daemon that holds no pipe gets no grace time.
func TestSupervisedIsInterruptedFirst(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cmd := play(t, "tidy")
	script := `setsid sleep 1000 >/dev/null 2>&1 & trap 'echo leader >&2; exit 9' INT; "$0" & wait; exit 1`
	cmd.Path, cmd.Args = "/bin/sh", []string{"-c", script, cmd.Path}
	cmd.Supervised, cmd.Grace = true, time.Minute
	m := label(t, cmd)
	lines := cancelOn(cmd, cancel)
	_, err := cmd.Run(ctx)
	noneLeft(t, m, 0)
	var e *proc.Error
	if !errors.As(err, &e) || !errors.Is(err, context.Canceled) || e.ExitCode != 9 {
		t.Errorf("error is %v", err)
	}
	if got := strings.Join(*lines, "|"); got != "leader|cleaned up" {
		t.Errorf("lines are %q", got)
	}
}

// soon is a second or two, and longer on a busy machine.
const soon = time.Minute

// lives starts the test binary as a flakeci that runs a script, and waits until the script
// prints "ready".
func lives(t *testing.T, script string) (pid int, lines *bufio.Scanner, m string) {
	t.Helper()
	cmd := play(t, "flakeci:"+script)
	m = label(t, cmd)
	parent := exec.Command(cmd.Path)
	parent.Env = cmd.Env
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = parent.Process.Kill()
		_ = parent.Wait()
	})
	lines = bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "ready" {
			return parent.Process.Pid, lines, m
		}
		t.Log(lines.Text())
	}
	t.Fatal("it never got ready")
	return 0, nil, ""
}

func TestNothingOutlivesFlakeci(t *testing.T) {
	tests := map[string]string{
		"daemon":  daemons(t),
		"runner":  "bash -c 'sleep 1000 & setsid sleep 1001 & echo ready >&2; exec sleep 1002'",
		"stopped": "setsid sleep 1000 & (sleep 0.1; echo ready >&2) & kill -STOP $$",
		"traps":   "trap '' INT TERM HUP; echo ready >&2; while :; do setsid sh -c 'sleep 1000 &' & sleep 0.01; done",
	}
	for name, script := range tests {
		t.Run(name, func(t *testing.T) {
			pid, _, m := lives(t, script)
			if len(labeled(m)) < 3 {
				t.Errorf("only %v are running", labeled(m))
			}
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			noneLeft(t, m, soon)
		})
	}
}

// parentOf returns the supervisor of a program.
func parentOf(t *testing.T, pid int) int {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	parent, err := strconv.Atoi(fields[1])
	if err != nil {
		t.Fatal(err)
	}
	return parent
}

// flakeci is killed at any moment: while it starts, between the fork and the exec of the
// supervisor, before and after the start of the program.
func TestFlakeciIsKilledAtAnyMoment(t *testing.T) {
	tries := 100
	if testing.Short() {
		tries = 20
	}
	for range tries {
		cmd := play(t, "flakeci:sleep 1000 & setsid sleep 1001 & [ $(($$ % 3)) = 0 ] || exit; exec sleep 1002")
		m := label(t, cmd)
		parent := exec.Command(cmd.Path)
		parent.Env = cmd.Env
		if err := parent.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rand.N(80 * time.Millisecond))
		_ = parent.Process.Kill()
		_ = parent.Wait()
		noneLeft(t, m, soon)
		if t.Failed() {
			return
		}
	}
}

// If the supervisor is killed, so are all its descendants, even outside the group, and Run
// reports it. flakeci's other processes live on.
func TestSupervisorIsKilled(t *testing.T) {
	const forks = "(setsid sh -c 'while :; do sleep 1000 & sleep 0.02; done' &) >/dev/null 2>&1 </dev/null;"
	cmd := sh(forks + "setsid sleep 1000 & (setsid sleep 1000 &); sleep 1000 & sleep 0.1; echo ready >&2; sleep 1000")
	cmd.Supervised = true
	m := label(t, cmd)
	started := make(chan int, 1)
	cmd.OnStart = func(pid int) { started <- pid }
	cancelOn(cmd, func() { _ = syscall.Kill(parentOf(t, <-started), syscall.SIGKILL) })

	others, ready := make(chan error, 2), make(chan bool, 2)
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	for _, supervised := range []bool{false, true} {
		other := sh("(sleep 1000 &); echo ready >&2; cat; exit 7")
		other.Supervised, other.Stdin = supervised, from
		label(t, other)
		cancelOn(other, func() { ready <- true })
		go func() {
			_, err := other.Run(context.Background())
			others <- err
		}()
	}
	<-ready
	<-ready
	_, err = cmd.Run(context.Background())
	var e *proc.Error
	if !errors.As(err, &e) || e.Signal != syscall.SIGKILL || !errors.Is(err, proc.ErrSupervisorKilled) {
		t.Errorf("error is %v", err)
	}
	if left := labeled(m); len(left) > 0 {
		t.Errorf("%d processes outlive Run", len(left))
	}
	if dead := deadChildren(); len(dead) > 0 {
		t.Errorf("zombies: %q", dead)
	}
	to.Close()
	for range 2 {
		if err := <-others; !errors.As(err, &e) || e.ExitCode != 7 {
			t.Errorf("another program was ended: %v", err)
		}
	}
}

// deadChildren lists the test's own zombies.
func deadChildren() (dead []string) {
	table, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range table {
		stat, _ := os.ReadFile(file)
		_, rest, _ := strings.Cut(string(stat), ") ")
		if strings.HasPrefix(rest, fmt.Sprintf("Z %d ", os.Getpid())) {
			dead = append(dead, string(stat))
		}
	}
	return dead
}

func TestSupervisorForwardsSignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		cmd := sh("trap 'exit 5' INT; trap 'exit 6' TERM; echo ready >&2; while :; do sleep 0.01; done")
		cmd.Supervised = true
		started := make(chan int, 1)
		cmd.OnStart = func(pid int) { started <- pid }
		cancelOn(cmd, func() { _ = syscall.Kill(parentOf(t, <-started), sig) })
		_, err := cmd.Run(context.Background())
		var e *proc.Error
		if !errors.As(err, &e) || e.ExitCode != map[syscall.Signal]int{syscall.SIGINT: 5, syscall.SIGTERM: 6}[sig] {
			t.Errorf("error is %v", err)
		}
	}
}

func TestSupervisorLeavesNoZombies(t *testing.T) {
	cmd := sh("for i in 1 2 3 4 5 6 7 8 9; do (true & true &) ; done; sleep 0.3; cat /proc/[0-9]*/stat 2>/dev/null || true")
	cmd.Supervised = true
	var supervisor int
	var table bytes.Buffer
	cmd.OnStart, cmd.Stdout = func(pid int) { supervisor = parentOf(t, pid) }, &table
	if _, err := cmd.Run(context.Background()); err != nil {
		t.Error(err)
	}
	seen := 0
	for line := range strings.Lines(table.String()) {
		fields := strings.Fields(line[strings.LastIndexByte(line, ')')+1:])
		if len(fields) > 1 && fields[1] == strconv.Itoa(supervisor) {
			if seen++; fields[0] == "Z" {
				t.Errorf("a zombie: %s", line)
			}
		}
	}
	if seen != 1 {
		t.Errorf("%d children of the supervisor", seen)
	}
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", supervisor)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the supervisor is running: %v", err)
	}
}

// Processes that keep forking are killed too, if not at the first attempt.
func TestSupervisedForker(t *testing.T) {
	tests := map[string]string{
		// Each process lives until it has forked the next one.
		"in a row": `n=0; next() { n=$((n + 1)); [ $n = 20000 ] || next & }; next; sleep 0.1`,
		"all":      `n=0; more() { n=$((n + 1)); [ $n -lt 9 ] || exit; while sleep 0.05; do more & done; }; more & sleep 0.3`,
	}
	for name, script := range tests {
		t.Run(name, func(t *testing.T) {
			cmd := sh(script)
			cmd.Supervised = true
			m := label(t, cmd)
			start := time.Now()
			if _, err := cmd.Run(context.Background()); err != nil {
				t.Error(err)
			}
			noneLeft(t, m, 0)
			if took := time.Since(start); took > soon {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// The name alone does not make a supervisor.
func TestSuperviseIsNotStartedByAccident(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	for _, files := range [][]*os.File{nil, {read}} {
		cmd := exec.Command(self)
		cmd.Args = []string{"flakeci-supervise", "-supervise", "", "/bin/sh", "sh", "-c", "echo started"}
		cmd.ExtraFiles = files
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "flag provided but not defined: -supervise") {
			t.Errorf("it printed %q, %v", out, err)
		}
	}
}

// BenchmarkStart measures the start of a program.
func BenchmarkStart(b *testing.B) {
	var took [2]time.Duration
	cmds := [2]proc.Cmd{{Path: "true"}, {Path: "true", Supervised: true}}
	for b.Loop() {
		for i := range cmds {
			start := time.Now()
			if _, err := cmds[i].Run(context.Background()); err != nil {
				b.Fatal(err)
			}
			took[i] += time.Since(start)
		}
	}
	b.ReportMetric(took[0].Seconds()*1e3/float64(b.N), "plain-ms")
	b.ReportMetric(took[1].Seconds()*1e3/float64(b.N), "supervised-ms")
	b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "ratio")
}
