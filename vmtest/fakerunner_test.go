package vmtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// roleVar makes the test binary play a runner and its QEMU instead.
const roleVar = "FLAKECI_VMTEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVar); role != "" {
		hostile()[role](newFakeRunner(os.Args[1:]))
		return
	}
	// With -race the runners below would each sleep for a second at their end.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// runnerThat makes the folder of a VM whose runner plays a role. The label is in the
// environment of all processes that it starts.
func runnerThat(t *testing.T, role, label string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\n%s='%s' FLAKECI_VMTEST_LABEL=%s exec '%s' \"$@\"\n", roleVar, role, label, self)
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bin", "run-box-vm"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// fakeRunner does what flakeci needs of a runner and its QEMU, except where its role changes
// that.
type fakeRunner struct {
	qmp, agent string // sockets
	// greets makes QMP begin with QEMU's greeting; afterwards is what follows.
	greets     bool
	afterwards func(conn net.Conn)
	// answer carries out a command of QMP, and reports whether to reply.
	answer func(command, file string) bool
	// over makes the guest power off once flakeci has connected to the agent's socket.
	over bool
	// talk is the agent; nil is an agent that never opens its port.
	talk func(in *bufio.Reader, out io.Writer)

	opened chan struct{}
}

func newFakeRunner(args []string) *fakeRunner {
	r := &fakeRunner{greets: true, opened: make(chan struct{}), answer: func(string, string) bool { return true }}
	for _, arg := range args {
		if rest, ok := strings.CutPrefix(arg, "unix:"); ok {
			r.qmp, _, _ = strings.Cut(rest, ",")
		}
		if rest, ok := strings.CutPrefix(arg, "socket,path="); ok {
			r.agent, _, _ = strings.Cut(rest, ",")
		}
	}
	return r
}

// run serves until it is killed or receives quit.
func (r *fakeRunner) run() {
	fmt.Println("hello from the runner")
	go r.listen(r.agent, func(conn net.Conn) {
		close(r.opened)
		if r.talk != nil {
			r.talk(bufio.NewReader(conn), conn)
		}
		time.Sleep(time.Hour)
	})
	r.listen(r.qmp, r.serveQMP)
	time.Sleep(time.Hour)
}

// listen serves the first client.
func (r *fakeRunner) listen(path string, serve func(net.Conn)) {
	l, err := net.Listen("unix", path)
	if err != nil {
		panic(err)
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			panic(err)
		}
		serve(conn)
	}
}

func (r *fakeRunner) serveQMP(conn net.Conn) {
	if r.greets {
		fmt.Fprintln(conn, `{"QMP": {"version": {}, "capabilities": []}}`)
	}
	if r.afterwards != nil {
		r.afterwards(conn)
		return
	}
	go func() {
		<-r.opened
		switch {
		case r.over:
			fmt.Fprintln(conn, `{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}`)
		case r.talk != nil:
			fmt.Fprintf(conn, `{"event": "VSERPORT_CHANGE", "data": {"id": %q, "open": true}}`+"\n", agentPort)
		}
	}()
	for in := bufio.NewScanner(conn); in.Scan(); {
		var request struct {
			Execute   string
			Arguments struct{ Filename string }
			ID        uint64
		}
		if err := json.Unmarshal(in.Bytes(), &request); err != nil {
			panic(err)
		}
		if !r.answer(request.Execute, request.Arguments.Filename) {
			continue
		}
		fmt.Fprintf(conn, `{"return": {}, "id": %d}`+"\n", request.ID)
		switch request.Execute {
		case "quit":
			os.Exit(0)
		case "system_powerdown":
			fmt.Fprintln(conn, `{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}`)
		}
	}
}

// agent is a guest agent whose programs print what a function returns for their script and
// arguments.
func agent(prints func(script string, args []string) string) func(in *bufio.Reader, out io.Writer) {
	return func(in *bufio.Reader, out io.Writer) {
		var printed string
		for {
			line, err := in.ReadBytes('\n')
			if err != nil {
				return
			}
			var request struct {
				Execute   string
				Arguments struct {
					ID  int64
					Arg []string
				}
			}
			if err := json.Unmarshal(bytes.TrimLeft(line, "\xff"), &request); err != nil {
				panic(err)
			}
			switch request.Execute {
			case "guest-sync-delimited":
				fmt.Fprintf(out, "\xff{\"return\": %d}\n", request.Arguments.ID)
			case "guest-exec":
				arg := request.Arguments.Arg
				printed = prints(arg[1], arg[3:])
				fmt.Fprintln(out, `{"return": {"pid": 1}}`)
			case "guest-exec-status":
				text, _ := json.Marshal([]byte(printed))
				fmt.Fprintf(out, `{"return": {"exited": true, "exitcode": 0, "out-data": %s}}`+"\n", text)
			}
		}
	}
}

// degraded returns what a host with a failed unit prints.
func degraded(script string, args []string) string {
	switch {
	case strings.Contains(script, "is-system-running"):
		return "degraded\n"
	case strings.Contains(script, "multi-user.target"):
		return strings.ReplaceAll("DELIM multi-user active\nDELIM unit x.service\nResult=exit-code\nDELIM end\n", "DELIM", args[0])
	}
	return ""
}

func ignoreSignals() {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
}

// forever writes a text repeatedly until that fails.
func forever(w io.Writer, text string) {
	for {
		if _, err := io.WriteString(w, text); err != nil {
			return
		}
	}
}
