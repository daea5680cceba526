package vmtest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/result"
)

// kinds create something other than a file.
var kinds = map[string]func(path string) error{
	"pipe":   func(p string) error { return syscall.Mkfifo(p, 0o600) },
	"device": func(p string) error { return os.Symlink("/dev/zero", p) },
	"link to a file": func(p string) error {
		secret := filepath.Join(os.Getenv("HOME"), "secret")
		return errors.Join(os.WriteFile(secret, []byte(os.Getenv("FLAKECI_VMTEST_LABEL")), 0o600), os.Symlink(secret, p))
	},
	"link to itself":       func(p string) error { return os.Symlink(filepath.Base(p), p) },
	"folder":               func(p string) error { return os.MkdirAll(filepath.Join(p, "in", "it"), 0o700) },
	"socket":               func(p string) error { _, err := net.Listen("unix", p); return err },
	"nothing":              func(string) error { return nil },
	"sparse file of a TiB": func(p string) error { return errors.Join(os.WriteFile(p, nil, 0o600), os.Truncate(p, 1<<40)) },
	"file that grows": func(p string) error {
		f, err := os.Create(p)
		go forever(f, strings.Repeat("x", 1<<10)) // until it is killed, soon
		return err
	},
}

// places are the paths in a runner's folder that flakeci uses.
var places = map[string]func(*fakeRunner) (path string){
	serialLog:           func(*fakeRunner) string { return filepath.Join(os.Getenv("HOME"), serialLog) },
	screenFile:          nil, // created during screendump
	sharedFolder:        func(*fakeRunner) string { return os.Getenv("SHARED_DIR") },
	"disk":              func(*fakeRunner) string { return os.Getenv("NIX_DISK_IMAGE") },
	qmpSocket:           func(r *fakeRunner) string { return r.qmp },
	agentSocket:         func(r *fakeRunner) string { return r.agent },
	"the folder itself": func(*fakeRunner) string { return os.Getenv("HOME") },
}

// hostile maps roles to runners.
func hostile() map[string]func(*fakeRunner) {
	roles := map[string]func(*fakeRunner){
		"QMP is silent": func(r *fakeRunner) { r.greets, r.afterwards = false, func(net.Conn) { time.Sleep(time.Hour) }; r.run() },
		"QMP floods a line": func(r *fakeRunner) {
			r.greets, r.afterwards = false, func(c net.Conn) { forever(c, "xxxxxxxx") }
			r.run()
		},
		"QMP floods events": func(r *fakeRunner) {
			r.afterwards = func(c net.Conn) { forever(c, `{"event": "RESUME"}`+"\n") }
			r.run()
		},
		"QMP only greets": func(r *fakeRunner) { r.afterwards = func(net.Conn) { time.Sleep(time.Hour) }; r.run() },
		"QMP takes no picture": func(r *fakeRunner) {
			r.over, r.answer = true, func(command, _ string) bool { return command != "screendump" }
			r.run()
		},
		"QMP does not quit": func(r *fakeRunner) {
			r.over, r.answer = true, func(command, _ string) bool { return command != "quit" }
			ignoreSignals()
			r.run()
		},
		"the agent never opens": func(r *fakeRunner) { r.run() },
		"the agent is silent":   func(r *fakeRunner) { r.talk = func(*bufio.Reader, io.Writer) {}; r.run() },
		"the agent floods":      func(r *fakeRunner) { r.talk = func(_ *bufio.Reader, w io.Writer) { forever(w, "xxxxxxxx") }; r.run() },
		"the agent answers without end": func(r *fakeRunner) {
			r.talk = agent(func(string, []string) string { return "" })
			after := r.talk
			r.talk = func(in *bufio.Reader, out io.Writer) {
				first, _ := in.ReadString('\n')
				after(bufio.NewReader(strings.NewReader(first)), out)
				forever(out, `{"return": "`+strings.Repeat("x", 1<<20))
			}
			r.run()
		},
		"the agent prints much": func(r *fakeRunner) {
			r.talk = agent(func(string, []string) string { return strings.Repeat("x\n", 8<<20) })
			r.run()
		},
		"the console never ends":  func(r *fakeRunner) { go r.run(); forever(os.Stdout, "a line\n") },
		"the console has no line": func(r *fakeRunner) { go r.run(); forever(os.Stdout, "xxxxxxxx") },
		"stderr never ends":       func(r *fakeRunner) { go r.run(); forever(os.Stderr, "xxxxxxxx\n") },
		"it leaves a daemon":      func(r *fakeRunner) { leaveDaemon(); r.over = true; r.run() },
		"it becomes a daemon":     func(*fakeRunner) { leaveDaemon() },
		"a daemon":                func(r *fakeRunner) { ignoreSignals(); r.run() },
	}
	for role, length := range map[string]int{"a journal": 5, "a long journal": 2 * maxJournal} {
		roles[role] = func(r *fakeRunner) {
			r.talk = agent(func(script string, args []string) string {
				if strings.Contains(script, "short-monotonic") {
					return strings.Repeat("x", length-len("end\n")) + "end\n"
				}
				return degraded(script, args)
			})
			r.run()
		}
	}
	for kind, put := range kinds {
		for place, path := range places {
			roles[kind+" at "+place] = func(r *fakeRunner) {
				r.over = true
				if path == nil {
					r.answer = func(command, file string) bool {
						return command != "screendump" || put(file) == nil
					}
				} else {
					_ = os.RemoveAll(path(r))
					_ = put(path(r)) // fails for some paths inside a removed folder
				}
				r.run()
			}
		}
	}
	return roles
}

// leaveDaemon starts a program in a session of its own that ignores signals and holds this
// one's output open.
func leaveDaemon() {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), roleVar+"=a daemon")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		panic(err)
	}
}

// Whatever a runner does and puts where flakeci looks, the boot ends in time with a fault,
// leaves no process or file behind, and no file of this machine is saved as evidence.
func TestHostileRunners(t *testing.T) {
	lanes.Heavy(t, "waits for time limits")
	const limit = time.Second
	for role := range hostile() {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			label := fmt.Sprint(rand.Uint64())
			pool := &Pool{
				Accel: &Accelerator{Wanted: AccelTCG}, Dir: t.TempDir(), Path: os.Getenv("PATH"), Artifacts: &artifact.Folder{Path: t.TempDir()}, Limit: limit,
			}
			done := make(chan Result, 1)
			go func() {
				done <- pool.Boot(t.Context(), Host{Name: "box", Runner: runnerThat(t, role, label)}, func(string, result.PhaseName) {})
			}()
			var res Result
			select {
			case res = <-done:
			case <-time.After(2 * time.Minute): // two boots with evidence and stop, on a busy machine
				t.Fatal("the boot does not end")
			}
			if len(res.faults()) == 0 {
				t.Error("there is no fault")
			}
			if left := labeled(label); len(left) > 0 {
				t.Errorf("still running: %v", left)
			}
			if left, _ := os.ReadDir(pool.Dir); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
			checkEvidence(t, pool.Artifacts.Path, label)
		})
	}
}

// labeled lists the processes with a label in their environment.
func labeled(label string) (pids []string) {
	table, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range table {
		if environ, _ := os.ReadFile(file); bytes.Contains(environ, []byte("FLAKECI_VMTEST_LABEL="+label)) {
			pids = append(pids, filepath.Base(filepath.Dir(file)))
		}
	}
	return pids
}

// checkEvidence requires that the saved files are regular, of limited size, and without the
// content of a file that a link leads to.
func checkEvidence(t *testing.T, artifacts, label string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(artifacts, "vm", "box", "*"))
	for _, file := range files {
		st, err := os.Lstat(file)
		if err != nil || !st.Mode().IsRegular() || st.Size() > maxSerialLog+int64(len(serialCut)) {
			t.Errorf("%s is %v, %v", file, st, err)
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil || bytes.Contains(text, []byte(label)) {
			t.Errorf("%s holds what it should not: %.200q, %v", file, text, err)
		}
	}
}

// The saved log is what the console printed, whatever the runner puts in its place.
func TestConsoleLogIsSaved(t *testing.T) {
	for _, kind := range []string{"pipe", "link to a file", "folder", "nothing"} {
		pool := &Pool{Accel: &Accelerator{Wanted: AccelTCG}, Dir: t.TempDir(), Path: os.Getenv("PATH"), Artifacts: &artifact.Folder{Path: t.TempDir()}}
		res := pool.Boot(t.Context(), Host{Name: "box", Runner: runnerThat(t, kind+" at "+serialLog, "none")}, func(string, result.PhaseName) {})
		if faults := res.faults(); len(faults) != 1 || faults[0].Title != "it powered off by itself" {
			t.Errorf("%s: faults are %+v", kind, faults)
		}
		if text, err := os.ReadFile(filepath.Join(pool.Artifacts.Path, "vm", "box", serialLog)); err != nil || string(text) != "hello from the runner\n" {
			t.Errorf("%s: the log is %q, %v", kind, text, err)
		}
	}
}

// A guest may send more than the end of its journal.
func TestJournalIsCutHere(t *testing.T) {
	for role, want := range map[string]int{"a journal": 5, "a long journal": maxJournal} {
		pool := &Pool{Accel: &Accelerator{Wanted: AccelTCG}, Dir: t.TempDir(), Path: os.Getenv("PATH"), Artifacts: &artifact.Folder{Path: t.TempDir()}}
		res := pool.Boot(t.Context(), Host{Name: "box", Runner: runnerThat(t, role, "none")}, func(string, result.PhaseName) {})
		if faults := res.faults(); len(faults) != 1 || faults[0].Unit != "x.service" {
			t.Errorf("%s: faults are %+v", role, faults)
		}
		text, err := os.ReadFile(filepath.Join(pool.Artifacts.Path, "vm", "box", journalFile))
		if err != nil || len(text) != want || !bytes.HasSuffix(text, []byte("end\n")) {
			t.Errorf("%s: %d bytes are kept, want %d, %v", role, len(text), want, err)
		}
	}
}
