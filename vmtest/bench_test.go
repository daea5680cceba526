package vmtest_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/test/lanes"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/vmtest"
)

// BenchmarkBoot compares flakeci's boot of a host without checks and homes, from the start of
// QEMU to the verdict, with a plain driver that only waits for the guest agent and for
// systemd. The boots alternate. The metric flakeci/plain is the ratio of the medians of five
// boots each.
func BenchmarkBoot(b *testing.B) {
	runner := buildRunner(b)
	pool := &vmtest.Pool{Accel: &vmtest.Accelerator{}, Dir: b.TempDir(), Path: os.Getenv("PATH")}
	var accel vmtest.Accel
	ours := func() time.Duration {
		res := pool.Boot(b.Context(), vmtest.Host{Name: "healthy", Runner: runner}, func(string, result.PhaseName) {})
		if boot := res.Phases[0]; len(boot.Faults) > 0 {
			b.Fatalf("%+v", boot.Faults[0])
		}
		accel = res.Accel
		return time.Duration(res.Phases[0].Duration * float64(time.Second))
	}
	ours() // tries KVM and warms the page cache
	const turns = 5
	var flakeci, plain []time.Duration
	for b.Loop() {
		for range turns {
			flakeci = append(flakeci, ours())
			plain = append(plain, bootPlainly(b, runner, accel))
		}
	}
	b.ReportMetric(median(flakeci).Seconds(), "s/flakeci")
	b.ReportMetric(median(plain).Seconds(), "s/plain")
	b.ReportMetric(median(flakeci).Seconds()/median(plain).Seconds(), "flakeci/plain")
}

func median(d []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(d))[len(d)/2]
}

// buildRunner builds the VM of a minimal host.
func buildRunner(b *testing.B) string {
	b.Helper()
	if _, ok := lanes.Guest(b); !ok {
		b.Skip("no test guest in .cache/guest; make bench gets it")
	}
	flake := "path:" + filepath.Join(lanes.Root(b), "testdata", "flakes", "vm-faults")
	args := append([]string{
		"--extra-experimental-features", "nix-command flakes", "build", "--no-link", "--json", "--no-write-lock-file",
		flake + "#nixosConfigurations.healthy.config.system.build.vm",
	}, lanes.Overrides(b)...)
	var out bytes.Buffer
	cmd := proc.Cmd{Path: lanes.Newest(b).Nix, Args: args, Env: append(os.Environ(), lanes.Env()...), Stdout: &out}
	if _, err := cmd.Run(b.Context()); err != nil {
		b.Fatal(err)
	}
	var built []struct{ Outputs map[string]string }
	if err := json.Unmarshal(out.Bytes(), &built); err != nil || len(built) != 1 {
		b.Fatalf("%v: %s", err, out.Bytes())
	}
	return built[0].Outputs["out"]
}

// bootPlainly starts the runner, waits for the agent and then for systemd, as a simple script
// would. It returns the time until systemd is done.
func bootPlainly(b *testing.B, runner string, accel vmtest.Accel) time.Duration {
	b.Helper()
	scripts, err := filepath.Glob(filepath.Join(runner, "bin", "run-*-vm"))
	if err != nil || len(scripts) != 1 {
		b.Fatalf("%v: %q", err, scripts)
	}
	dir := b.TempDir()
	socket := filepath.Join(dir, "qga")
	kernelParams := "console=ttyS0"
	if accel == vmtest.AccelTCG {
		kernelParams += " no_timer_check" // else the kernel panics at times, as on a busy machine
	}
	cmd := proc.Cmd{
		Path: scripts[0], Dir: dir, Supervised: true,
		Env: []string{"PATH=" + os.Getenv("PATH"), "NIX_DISK_IMAGE=" + dir + "/disk.qcow2", "TMPDIR=" + dir, "USE_TMPDIR=1", "QEMU_KERNEL_PARAMS=" + kernelParams, "QEMU_NET_OPTS=restrict=on"},
		Args: []string{
			"-machine", "accel=" + string(accel), "-display", "none", "-monitor", "none", "-serial", "file:" + dir + "/serial",
			"-device", "virtio-serial", "-chardev", "socket,path=" + socket + ",server=on,wait=off,id=qga0",
			"-device", "virtserialport,chardev=qga0,name=org.qemu.guest_agent.0",
		},
	}
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	ended := make(chan struct{})
	start := time.Now()
	go func() {
		defer close(ended)
		_, _ = cmd.Run(ctx)
	}()
	a := plainAgent{b: b, socket: socket}
	a.sync()
	a.want("running", "systemctl", "is-system-running", "--wait")
	took := time.Since(start)
	stop()
	<-ended
	return took
}

// plainAgent is a minimal client of the guest agent.
type plainAgent struct {
	b      *testing.B
	socket string
	conn   net.Conn
	lines  *json.Decoder
}

// sync asks ten times a second until the agent answers. Each request has a number, since the
// agent later answers the abandoned ones too.
func (a *plainAgent) sync() {
	end := time.Now().Add(3 * time.Minute)
	for id := 1; time.Now().Before(end); id++ {
		time.Sleep(100 * time.Millisecond)
		conn, err := net.Dial("unix", a.socket)
		if err != nil {
			continue
		}
		a.conn, a.lines = conn, json.NewDecoder(conn)
		_ = conn.SetDeadline(time.Now().Add(time.Second))
		_, err = fmt.Fprintf(conn, `{"execute": "guest-sync", "arguments": {"id": %d}}`+"\n", id)
		for err == nil {
			var reply struct{ Return int }
			if err = a.lines.Decode(&reply); err == nil && reply.Return == id {
				_ = conn.SetDeadline(time.Time{})
				return
			}
		}
		conn.Close()
	}
	a.b.Fatal("the agent never answered")
}

func (a *plainAgent) call(command string, arguments, reply any) {
	text, err := json.Marshal(map[string]any{"execute": command, "arguments": arguments})
	if err != nil {
		a.b.Fatal(err)
	}
	answer := struct{ Return any }{reply}
	if _, err := a.conn.Write(append(text, '\n')); err != nil {
		a.b.Fatal(err)
	}
	if err := a.lines.Decode(&answer); err != nil {
		a.b.Fatal(err)
	}
}

func (a *plainAgent) want(output, program string, args ...string) {
	var started struct{ PID int }
	a.call("guest-exec", map[string]any{"path": "/run/current-system/sw/bin/" + program, "arg": args, "capture-output": true}, &started)
	for {
		var status struct {
			Exited bool
			Out    string `json:"out-data"`
		}
		a.call("guest-exec-status", map[string]any{"pid": started.PID}, &status)
		if status.Exited {
			if out, err := base64.StdEncoding.DecodeString(status.Out); err != nil || strings.TrimSpace(string(out)) != output {
				a.b.Fatalf("%s %q printed %q, %v", program, args, out, err)
			}
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}
