package guestagent_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/test/socket"
	"github.com/flakeci/flakeci/vmtest/guestagent"
)

// unpacked is where the agent is if it is not installed, as usual: it is made for guests.
const unpacked = "../../.cache/qemu-ga/usr/sbin/qemu-ga"

// The agent of these tests is real, and this machine is its guest. So it must refuse all
// commands that would change the machine.
const refused = "guest-shutdown,guest-suspend-disk,guest-suspend-ram,guest-suspend-hybrid,guest-set-time," +
	"guest-set-user-password,guest-set-vcpus,guest-set-memory-blocks,guest-fstrim,guest-fsfreeze-freeze,guest-fsfreeze-freeze-list"

// agent is a running qemu-ga.
type agent struct{ *socket.Program }

// startAgent starts an agent and stops it after the test.
func startAgent(t *testing.T) agent {
	t.Helper()
	program, err := exec.LookPath("qemu-ga")
	if err != nil {
		program = unpacked
	}
	path := socket.Path(t)
	dir := filepath.Dir(path)
	return agent{socket.Start(t, path, proc.Cmd{
		Path: program,
		Args: []string{"--method", "unix-listen", "--path", path, "--statedir", dir,
			"--pidfile", filepath.Join(dir, "pid"), "--block-rpcs", refused},
		// It sometimes ignores SIGINT, and has nothing to save.
		Grace: 100 * time.Millisecond,
	}, "qemu-ga is neither installed nor in .cache/qemu-ga (scripts/setup test)")}
}

// dial waits until the agent listens, and connects.
func (a agent) dial(t *testing.T) *guestagent.Client {
	t.Helper()
	return socket.Dial(t, a.Program, guestagent.Dial)
}

// signal sends a signal to the agent.
func (a agent) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(a.PID, s); err != nil {
		t.Fatal(err)
	}
}

// sh runs a script in the guest.
func sh(t *testing.T, c *guestagent.Client, script string) guestagent.Result {
	t.Helper()
	r, err := c.Exec(socket.Within(t, socket.Patience), guestagent.Command{Path: "sh", Args: []string{"-c", script}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// show formats a result as one line.
func show(r guestagent.Result) string {
	return fmt.Sprintf("exit %d signal %d out %q err %q truncated %v", r.ExitCode, r.Signal, r.Stdout, r.Stderr, r.Truncated)
}

func TestExec(t *testing.T) {
	c := startAgent(t).dial(t)
	for script, want := range map[string]string{
		`true`:                    `exit 0 signal 0 out "" err "" truncated false`,
		`echo out; echo err >&2`:  `exit 0 signal 0 out "out\n" err "err\n" truncated false`,
		`printf '\000\377'`:       `exit 0 signal 0 out "\x00\xff" err "" truncated false`,
		`echo err >&2; exit 255`:  `exit 255 signal 0 out "" err "err\n" truncated false`,
		`echo out; kill -KILL $$`: `exit -1 signal 9 out "out\n" err "" truncated false`,
		`sleep 0.5; exit 3`:       `exit 3 signal 0 out "" err "" truncated false`,
	} {
		if got := show(sh(t, c, script)); got != want {
			t.Errorf("%s\n got %s\nwant %s", script, got, want)
		}
	}
}

func TestExecInput(t *testing.T) {
	c := startAgent(t).dial(t)
	input := bytes.Repeat([]byte("\x00\xffline\n"), 1<<17)
	r, err := c.Exec(socket.Within(t, socket.Patience), guestagent.Command{Path: "cat", Input: input})
	if err != nil || !bytes.Equal(r.Stdout, input) {
		t.Errorf("%d bytes, %v", len(r.Stdout), err)
	}
}

func TestExecEnvironment(t *testing.T) {
	c := startAgent(t).dial(t)
	r, err := c.Exec(socket.Within(t, socket.Patience), guestagent.Command{Path: "/usr/bin/env", Env: []string{"A=1", "B=x y"}})
	if got := string(r.Stdout); got != "A=1\nB=x y\n" || err != nil {
		t.Errorf("environment %q, %v", got, err)
	}
	if sh(t, c, `test "$PATH"`).ExitCode != 0 {
		t.Error("no environment")
	}
}

func TestExecCannotStart(t *testing.T) {
	c := startAgent(t).dial(t)
	var e *guestagent.Error
	_, err := c.Exec(socket.Within(t, socket.Patience), guestagent.Command{Path: filepath.Join(t.TempDir(), "none")})
	if !errors.As(err, &e) || e.Command != "guest-exec" || e.Class != "GenericError" || !strings.Contains(e.Desc, "No such file") {
		t.Errorf("error is %v", err)
	}
	sh(t, c, "true")
}

// The agent keeps 16 MiB of each stream: 45 MB in one line.
func TestExecLongOutput(t *testing.T) {
	c := startAgent(t).dial(t)
	r := sh(t, c, "head -c 20000000 /dev/zero >&2 & head -c 20000000 /dev/zero; wait")
	if len(r.Stdout) != 16<<20 || len(r.Stderr) != 16<<20 || !r.Truncated {
		t.Errorf("%d and %d bytes, truncated %v", len(r.Stdout), len(r.Stderr), r.Truncated)
	}
	if r := sh(t, c, "head -c 1000000 /dev/zero"); len(r.Stdout) != 1000000 || r.Truncated {
		t.Errorf("%d bytes, truncated %v", len(r.Stdout), r.Truncated)
	}
}

func TestExecAtOnce(t *testing.T) {
	c := startAgent(t).dial(t)
	ctx := socket.Within(t, socket.Patience)
	errs := make(chan error)
	const many = 8
	for i := range many {
		go func() {
			r, err := c.Exec(ctx, guestagent.Command{Path: "sh", Args: []string{"-c", "sleep 0.2; echo $0", strconv.Itoa(i)}})
			if want := fmt.Sprintln(i); err == nil && string(r.Stdout) != want {
				err = fmt.Errorf("output %q, want %q", r.Stdout, want)
			}
			errs <- err
		}()
	}
	for range many {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestExecIsCanceled(t *testing.T) {
	c := startAgent(t).dial(t)
	file := filepath.Join(t.TempDir(), "pid")
	began := time.Now()
	_, err := c.Exec(socket.Within(t, 3*time.Second), guestagent.Command{Path: "sh", Args: []string{"-c", "echo $$ >$0; exec sleep 1000", file}})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > socket.Patience {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(socket.Patience); syscall.Kill(pid, 0) == nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("process %d is still there", pid)
		}
	}
	sh(t, c, "true")
}

// A stopped agent is like one that has not started yet: it later reads everything.
func TestAgentComesLate(t *testing.T) {
	a := startAgent(t)
	c := a.dial(t)
	a.signal(t, syscall.SIGSTOP)
	file := filepath.Join(t.TempDir(), "file")
	for range 3 {
		if err := c.Sync(socket.Within(t, 30*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v", err)
		}
		_, err := c.Exec(socket.Within(t, 30*time.Millisecond), guestagent.Command{Path: "touch", Args: []string{file}})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v", err)
		}
	}
	a.signal(t, syscall.SIGCONT)
	if got := show(sh(t, c, "echo there")); got != `exit 0 signal 0 out "there\n" err "" truncated false` {
		t.Error(got)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a command was sent to an agent that did not run: %v", err)
	}
}

// The agent understands what follows an incomplete command.
func TestIncompleteCommand(t *testing.T) {
	c := startAgent(t).dial(t)
	for _, half := range []string{`{"execute": "guest-pi`, `{"execute":`, "garbage\n", `{"a": [[{`, "}]\n{", `"\`, "\xff\xff{", `{"execute":"guest-ping"}`, "\n\n"} {
		if err := c.Mutter(half); err != nil {
			t.Fatal(err)
		}
		if got := show(sh(t, c, "echo fine")); got != `exit 0 signal 0 out "fine\n" err "" truncated false` {
			t.Errorf("after %q: %s", half, got)
		}
	}
}

// An incomplete command of one client does not affect the next client.
func TestNextClient(t *testing.T) {
	a := startAgent(t)
	first := a.dial(t)
	// No more than this: on this kind of socket, an unread reply ends the agent.
	if err := first.Mutter(`{"execute":"guest-p`); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	sh(t, a.dial(t), "true")
}

func TestAgentIsKilled(t *testing.T) {
	a := startAgent(t)
	c := a.dial(t)
	if err := c.Sync(socket.Within(t, socket.Patience)); err != nil {
		t.Fatal(err)
	}
	a.signal(t, syscall.SIGSTOP)
	time.AfterFunc(50*time.Millisecond, func() { _ = syscall.Kill(a.PID, syscall.SIGKILL) })
	for range 2 {
		if err := c.Sync(socket.Within(t, socket.Patience)); !errors.Is(err, guestagent.ErrClosed) {
			t.Errorf("error is %v", err)
		}
	}
}

func TestNobodyListens(t *testing.T) {
	if _, err := guestagent.Dial(socket.Within(t, socket.Patience), filepath.Join(t.TempDir(), "nobody")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}
