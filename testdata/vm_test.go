package testdata_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/test/lanes"
)

// withGuest returns the overrides for hosts that boot. On a machine that cannot make the
// guest, it skips the test.
func withGuest(t *testing.T) []string {
	t.Helper()
	lanes.Heavy(t, "boots a host")
	if _, ok := lanes.Guest(t); !ok {
		t.Skip("no test machine to boot: make test makes it, of Debian packages for x86_64")
	}
	return lanes.Overrides(t)
}

// runners maps each host to the derivation of its runner, with or without a VM variant.
const runners = `builtins.mapAttrs (_: h: (h.config.virtualisation.vmVariant or h.config).system.build.vm.drvPath)`

func TestVMsEvaluate(t *testing.T) {
	flakes := filepath.Join(lanes.Root(t), "testdata", "flakes")
	overrides := withGuest(t)
	forEachLane(t, func(t *testing.T, lane lanes.Lane) {
		for flake, hosts := range map[string]int{"vm-faults": 18, "vm-homes": 2} {
			args := []string{"eval", "--json", "--no-write-lock-file", "path:" + filepath.Join(flakes, flake) + "#nixosConfigurations", "--apply", runners}
			var drvs map[string]string
			decode(t, must(t, lane, append(args, overrides...)...), &drvs)
			if len(drvs) != hosts {
				t.Errorf("%s has %d hosts, want %d: %v", flake, len(drvs), hosts, drvs)
			}
		}
	})
}

// TestWithoutGuest checks that without the guest everything but the machine itself works.
func TestWithoutGuest(t *testing.T) {
	host := "path:" + filepath.Join(lanes.Root(t), "testdata", "flakes", "vm-faults") + "#nixosConfigurations.healthy.config."
	overrides := append(lanes.Overrides(t), "--override-input", "nixpkgs/guest", "path:"+filepath.Join(lanes.Root(t), "testdata", "inputs", "nixpkgs", "no-guest"))
	forEachLane(t, func(t *testing.T, lane lanes.Lane) {
		eval := func(attr string) (string, string, error) {
			return run(t, lane, append([]string{"eval", "--raw", "--no-write-lock-file", host + attr}, overrides...)...)
		}
		for _, attr := range []string{"system.build.toplevel.drvPath", "virtualisation.vmVariant.networking.hostName"} {
			if _, stderr, err := eval(attr); err != nil {
				t.Errorf("%s: %v\n%s", attr, err, stderr)
			}
		}
		const want = "the nixpkgs stand-in has no test machine to boot"
		if _, stderr, err := eval("system.build.vm.drvPath"); err == nil || !strings.Contains(stderr, want) {
			t.Errorf("system.build.vm: %v\n%s\nwant %s", err, stderr, want)
		}
	})
}

// homesInside puts the homes of vm-homes into the store of its host.
const homesInside = `{
  inputs.target.url = "path:/nowhere";
  outputs = { target, ... }: {
    vm = (target.nixosConfigurations.box.extendModules { modules = [ {
      virtualisation.vmVariant.virtualisation = {
        graphics = false;
        diskImage = null;
        additionalPaths = map (h: h.activationPackage) (builtins.attrValues target.homeConfigurations);
      };
      environment.etc."alices.conf" = { text = ""; mode = "0640"; user = "alice"; group = "wheel"; };
      systemd.services.systemd-logind.environment.COLOUR = "blue";
      systemd.services."getty@tty1".enable = false;
      system.activationScripts.broken = "(exit 3)";
    } ]; }).config.virtualisation.vmVariant.system.build.vm;
    home = target.homeConfigurations."alice@box".activationPackage;
  };
}`

// TestBoot boots a host without KVM, the slowest way.
func TestBoot(t *testing.T) {
	lane := lanes.Newest(t)
	overrides := withGuest(t)
	flakes := filepath.Join(lanes.Root(t), "testdata", "flakes")
	if _, err := exec.LookPath("qemu-system-x86_64"); err != nil {
		t.Skip(err)
	}
	t.Parallel()
	wrapper := t.TempDir()
	write(t, filepath.Join(wrapper, "flake.nix"), homesInside)
	inside := []string{"--override-input", "target", "path:" + filepath.Join(flakes, "vm-homes")}
	for i := 0; i < len(overrides); i += 3 {
		inside = append(inside, overrides[i], "target/"+overrides[i+1], overrides[i+2])
	}
	home := build(t, lane, inside, wrapper, "home")
	vm := build(t, lane, inside, wrapper, "vm")
	m := boot(t, vm)
	m.want("running\n", "systemctl is-system-running --wait")
	m.want("box\n", "hostname")
	system, err := os.Readlink(filepath.Join(vm, "system"))
	if err != nil {
		t.Error(err)
	}
	m.want(system+"\n"+system+"\n", "readlink /run/current-system /run/booted-system")
	m.want("success\n", "systemctl show --value -p Result home-manager-eve")
	m.want("eve", "cat /home/eve/.greeting")
	m.want("-rw-r----- alice wheel\n", "stat -c '%A %U %G' /etc/alices.conf")
	m.want("blue\nmasked\n", "systemctl show --value -p Environment systemd-logind | grep -o blue; systemctl show --value -p LoadState getty@tty1")
	m.want("Activation script snippet 'broken' failed (3)\n", "journalctl -b -o cat -t stage-2-init | grep ^Activation")
	// A standalone home, with a service of its user.
	m.want("", "loginctl enable-linger alice; until systemctl --user -M alice@ is-active -q default.target; do sleep 1; done")
	activate := "runuser -u alice -- env HOME=/home/alice USER=alice XDG_RUNTIME_DIR=/run/user/$(id -u alice) " + home + "/activate"
	m.want("Activating reloadSystemd\n", activate+" | tail -n 1")
	m.want("active\n", "systemctl --user -M alice@ is-active clock")
	m.want("theirs", "cat /home/alice/.editorrc")
	m.powerOff()
}

// machine is a host in QEMU, and conn the connection to its agent.
type machine struct {
	t      *testing.T
	dir    string
	conn   net.Conn
	output *json.Decoder
	exited chan struct{}
	ended  error // once exited is closed
}

// boot starts a runner and returns when the guest agent answers.
func boot(t *testing.T, vm string) *machine {
	t.Helper()
	// The path of a socket must be short.
	dir, err := os.MkdirTemp("", "vm")
	if err != nil {
		t.Fatal(err)
	}
	name, err := filepath.Glob(filepath.Join(vm, "bin", "run-*-vm"))
	if err != nil || len(name) != 1 {
		t.Fatalf("runners: %v, %v", name, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // enough next to all other tests
	cmd := exec.CommandContext(ctx, name[0], "-machine", "accel=tcg", "-display", "none", "-no-reboot", "-monitor", "none",
		"-serial", "file:"+filepath.Join(dir, "serial"),
		"-device", "virtio-serial", "-chardev", "socket,id=qga0,server=on,wait=off,path="+filepath.Join(dir, "qga"),
		"-device", "virtserialport,chardev=qga0,name=org.qemu.guest_agent.0")
	cmd.Env = append(os.Environ(), "NIX_DISK_IMAGE="+filepath.Join(dir, "disk.qcow2"), "TMPDIR="+dir, "USE_TMPDIR=1", "QEMU_KERNEL_PARAMS=console=ttyS0 no_timer_check")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, dir: dir, exited: make(chan struct{})}
	go func() { m.ended = cmd.Wait(); close(m.exited) }()
	t.Cleanup(func() {
		cancel()
		<-m.exited
		if t.Failed() {
			serial, _ := os.ReadFile(filepath.Join(dir, "serial"))
			t.Logf("runner:\n%s\nserial line:\n%s", said.String(), serial)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	m.connect(ctx)
	return m
}

// connect repeats a request until the agent answers with its number.
func (m *machine) connect(ctx context.Context) {
	m.t.Helper()
	began := time.Now()
	for id := 1; ; id++ {
		select {
		case <-m.exited:
			m.t.Fatalf("QEMU ended before the agent was there: %v", m.ended)
		case <-ctx.Done():
			m.t.Fatal("no agent")
		case <-time.After(500 * time.Millisecond):
		}
		if m.conn == nil {
			var err error
			if m.conn, err = net.Dial("unix", filepath.Join(m.dir, "qga")); err != nil {
				m.conn = nil
				continue
			}
		}
		if m.sync(id) == nil {
			m.t.Logf("the agent was there after %.1f s", time.Since(began).Seconds())
			return
		}
	}
}

func (m *machine) sync(id int) error {
	question, err := json.Marshal(map[string]any{"execute": "guest-sync-delimited", "arguments": map[string]int{"id": id}})
	if err != nil {
		return err
	}
	if _, err := m.conn.Write(append([]byte{0xff}, append(question, '\n')...)); err != nil {
		return err
	}
	if err := m.conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	var seen []byte
	for {
		buffer := make([]byte, 4096)
		n, err := m.conn.Read(buffer)
		if err != nil {
			return err
		}
		seen = append(seen, buffer[:n]...)
		answer := seen[bytes.LastIndexByte(seen, 0xff)+1:]
		var reply struct{ Return int }
		if json.Unmarshal(answer, &reply) == nil && reply.Return == id {
			m.output = json.NewDecoder(m.conn)
			return nil
		}
	}
}

// ask sends the agent a command and decodes its answer, if it has one.
func (m *machine) ask(into any, command string, arguments map[string]any) {
	m.t.Helper()
	question, err := json.Marshal(map[string]any{"execute": command, "arguments": arguments})
	if err != nil {
		m.t.Fatal(err)
	}
	reply := struct{ Return, Error any }{Return: into}
	if err := m.conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		m.t.Fatal(err)
	}
	if _, err = m.conn.Write(append(question, '\n')); err == nil && into != nil {
		err = m.output.Decode(&reply)
	}
	if err != nil || reply.Error != nil {
		m.t.Fatalf("%s: %v %v", command, err, reply.Error)
	}
}

// want runs a shell command in the guest, which must succeed with the given output.
func (m *machine) want(output, line string) {
	m.t.Helper()
	var started struct{ PID int }
	m.ask(&started, "guest-exec", map[string]any{
		"path": "/run/current-system/sw/bin/bash", "arg": []string{"-c", "export PATH=/run/current-system/sw/bin; " + line}, "capture-output": true,
	})
	var status struct {
		Exited   bool
		ExitCode int
		Out      string `json:"out-data"`
		Err      string `json:"err-data"`
	}
	for end := time.Now().Add(time.Minute); !status.Exited; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			m.t.Fatalf("%s did not end", line)
		}
		m.ask(&status, "guest-exec-status", map[string]any{"pid": started.PID})
	}
	stdout, _ := base64.StdEncoding.DecodeString(status.Out)
	stderr, _ := base64.StdEncoding.DecodeString(status.Err)
	if string(stdout) != output || status.ExitCode != 0 {
		m.t.Errorf("%s: exit %d\n%s%s\nwant %s", line, status.ExitCode, stdout, stderr, output)
	}
}

// powerOff checks that the guest powers off by itself.
func (m *machine) powerOff() {
	m.t.Helper()
	m.ask(nil, "guest-shutdown", map[string]any{})
	select {
	case <-m.exited:
		if m.ended != nil {
			m.t.Errorf("QEMU: %v", m.ended)
		}
	case <-time.After(30 * time.Second):
		m.t.Error("the guest does not power off")
	}
}
