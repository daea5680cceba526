// Package engines starts container engines for tests: Docker's and Podman's own daemons, from
// Debian's packages, each with a folder, a socket and namespaces of its own. So neither meets an
// engine that the machine runs, and when the test ends, nothing of them is left.
package engines

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Engine is a container engine that runs.
type Engine struct {
	Host string // as in DOCKER_HOST
	// stop ends the engine.
	stop func()
}

// Stop ends the engine and everything in it.
func (e *Engine) Stop() { e.stop() }

// Start starts docker or podman. It skips the test if the engine is not installed, or cannot run on
// this machine.
func Start(tb testing.TB, name string) *Engine {
	tb.Helper()
	if os.Getuid() != 0 {
		tb.Skipf("SKIPPED: containers of %s: only root can start the engine", name)
	}
	// A short path, since that of a socket has at most 108 bytes.
	dir, err := os.MkdirTemp("", "engine")
	if err != nil {
		tb.Fatal(err)
	}
	socket := filepath.Join(dir, "e.sock")
	program := map[string]string{"docker": "dockerd", "podman": "podman"}[name]
	path, err := exec.LookPath(program)
	if err != nil {
		os.RemoveAll(dir)
		tb.Skipf("SKIPPED: containers of %s: %s is not installed", name, program)
	}
	args := map[string][]string{
		// Without iptables, containers reach only each other, which is all that a test needs.
		"docker": {"--data-root", dir + "/data", "--exec-root", dir + "/exec", "--pidfile", dir + "/pid", "--host", "unix://" + socket, "--iptables=false", "--ip6tables=false"},
		"podman": {"--root", dir + "/data", "--runroot", dir + "/run", "--runtime", "runc", "--cgroup-manager", "cgroupfs", "system", "service", "--time", "0", "unix://" + socket},
	}[name]
	var log bytes.Buffer
	cmd := exec.Command("unshare", append([]string{"--net", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc", path}, args...)...)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = endWithTest()
	if err := cmd.Start(); err != nil {
		os.RemoveAll(dir)
		tb.Skipf("SKIPPED: containers of %s: %v", name, err)
	}
	var why error
	ended := make(chan struct{})
	go func() {
		why = cmd.Wait()
		close(ended)
	}()
	e := &Engine{Host: "unix://" + socket, stop: func() {
		_ = cmd.Process.Kill() // and all that it started, which is in its namespace
		<-ended
		_ = os.RemoveAll(dir)
	}}
	for began := time.Now(); ; {
		select {
		case <-ended:
			os.RemoveAll(dir)
			tb.Skipf("SKIPPED: containers of %s: it does not start here: %v: %s", name, why, lastLine(log.String()))
		case <-time.After(50 * time.Millisecond):
		}
		if _, err := e.get("/_ping"); err == nil {
			return e
		}
		if time.Since(began) > startLimit {
			e.stop()
			tb.Skipf("SKIPPED: containers of %s: it does not answer within %s: %s", name, startLimit, lastLine(log.String()))
		}
	}
}

// startLimit is far longer than an engine takes to start, one second on an idle machine.
const startLimit = 3 * time.Minute

// Prove skips the test if the engine, which may run well, cannot start a container on this machine:
// that takes more rights. The image has the program.
func (e *Engine) Prove(tb testing.TB, image, program string) {
	tb.Helper()
	if err := e.run(image, program); err != nil {
		tb.Skipf("SKIPPED: containers: the engine cannot start one here: %v", err)
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// Left lists what a test must not leave: containers, volumes other than those with a Nix store, and
// networks other than those that the engine starts with.
func (e *Engine) Left() ([]string, error) {
	var containers []struct{ Names []string }
	var volumes struct{ Volumes []struct{ Name string } }
	var networks []struct{ Name string }
	for path, into := range map[string]any{"/containers/json?all=1": &containers, "/volumes": &volumes, "/networks": &networks} {
		if err := e.decode(path, into); err != nil {
			return nil, err
		}
	}
	var left []string
	for _, c := range containers {
		left = append(left, fmt.Sprintf("container %v", c.Names))
	}
	for _, v := range volumes.Volumes {
		if !strings.HasPrefix(v.Name, "flakeci-nix-") {
			left = append(left, "volume "+v.Name)
		}
	}
	for _, n := range networks {
		if n.Name != "bridge" && n.Name != "podman" && n.Name != "host" && n.Name != "none" {
			left = append(left, "network "+n.Name)
		}
	}
	return left, nil
}
