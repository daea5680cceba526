package vmtest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/flakeci/flakeci/internal/safefile"
	"github.com/flakeci/flakeci/result"
)

// startOptions are for guests with a user at their console.
type startOptions struct {
	console     *Console
	forwards    []Forward
	interactive bool // the guest may print nothing, and may reboot
}

// The files in a guest's folder.
const (
	serialLog   = "serial.log"
	qmpSocket   = "qmp"
	agentSocket = "qga"

	sharedFolder = "shared"
)

// maxSocketPath is the longest path of a socket: 108 bytes on Linux, 104 elsewhere, with a
// 0 at the end.
const maxSocketPath = 103

const runnerHint = "config.system.build.vm is what nixpkgs' qemu-vm.nix makes; see what the host sets there"

// findRunner finds the script that nixpkgs makes for a host.
func findRunner(folder string) (string, *Fault) {
	if _, err := os.Stat(folder); err != nil {
		f := infraFault("the VM is not in this machine's store", err)
		f.Hint = "flakeci can build a VM in another store (--store), but not boot it"
		return "", f
	}
	found, err := filepath.Glob(filepath.Join(folder, "bin", "run-*-vm"))
	if err == nil && len(found) > 0 {
		return found[0], nil
	}
	f := newFault(result.CauseBoot, "the VM has no runner", runnerHint)
	f.Message = folder + " contains no bin/run-*-vm"
	return "", f
}

var qemuRE = regexp.MustCompile(`[^\s"'=;]*/bin/qemu-(?:kvm|system-\w+)\b`)

// maxScript limits the script that is searched, in bytes. That of nixpkgs has a few thousand.
const maxScript = 1 << 20

// findQEMU finds the program that a runner starts, to try KVM with it. nixpkgs' runner is a link
// to another place in the store.
func findQEMU(script string) string {
	text, err := safefile.ReadTarget(script, maxScript)
	if found := qemuRE.Find(text); err == nil && found != nil {
		return string(found)
	}
	return "qemu-system-" + archOf("")
}

// arguments returns QEMU's arguments, which the runner appends to its own.
func (m *machine) arguments(o startOptions) []string {
	list := []string{
		"-machine", "accel=" + string(m.accel),
		"-display", "none", "-monitor", "none", "-serial", "stdio",
		"-qmp", "unix:" + m.socket(qmpSocket) + ",server=on,wait=off",
		"-device", "virtio-serial",
		"-chardev", "socket,path=" + m.socket(agentSocket) + ",server=on,wait=off,id=flakeci-agent",
		// With an id, QEMU sends an event when the guest opens the port.
		"-device", "virtserialport,chardev=flakeci-agent,id=" + agentPort + ",name=org.qemu.guest_agent.0",
		"-device", "pvpanic-pci",
	}
	if !o.interactive {
		// Keep a machine that has ended, for a screenshot.
		list = append(list, "-no-reboot", "-action", "panic=pause,shutdown=pause")
	}
	return list
}

// socket returns the path of a socket for QEMU's options, where a comma ends a value.
func (m *machine) socket(name string) string {
	return strings.ReplaceAll(filepath.Join(m.sockets, name), ",", ",,")
}

const agentPort = "flakeci-agent-port"

// environment is the runner's whole environment; of flakeci's own it has only the PATH.
func (m *machine) environment(p *Pool, forwards []Forward) []string {
	var net []string
	if !p.OpenNetwork {
		net = append(net, "restrict=on")
	}
	for _, f := range forwards {
		net = append(net, fmt.Sprintf("hostfwd=tcp:127.0.0.1:%d-:%d", f.Port, f.GuestPort))
	}
	return []string{
		"PATH=" + p.Path, "HOME=" + m.dir, "TMPDIR=" + m.dir, "USE_TMPDIR=1",
		"NIX_DISK_IMAGE=" + filepath.Join(m.dir, "disk.qcow2"),
		"NIX_EFI_VARS=" + filepath.Join(m.dir, "efi-vars.fd"),
		"NIX_SWTPM_DIR=" + filepath.Join(m.sockets, "swtpm"), // for sockets
		"SHARED_DIR=" + filepath.Join(m.dir, sharedFolder),
		"QEMU_NET_OPTS=" + strings.Join(net, ","),
		// The kernel reboots a second after a panic; with -no-reboot, that ends QEMU instead.
		// NixOS' stage 1 panics instead of asking what to do. systemd and login prompts use the
		// last console.
		"QEMU_KERNEL_PARAMS=panic=1 boot.panic_on_fail console=" + m.console + ",115200n8" + m.timerCheck(),
	}
}

// timerCheck keeps an emulated x86 kernel from testing its timer. The test counts interrupts
// against the time of the host, and fails on a busy one ("IO-APIC + timer doesn't work!"),
// which ends in a panic. With KVM, Linux leaves the test out by itself.
func (m *machine) timerCheck() string {
	if m.accel == AccelTCG && m.console == serialX86 {
		return " no_timer_check"
	}
	return ""
}

const serialX86 = "ttyS0"

// serialConsole returns Linux's name of the first serial line of QEMU's machine.
func serialConsole(qemu string) string {
	if strings.HasPrefix(archOf(qemu), "a") { // aarch64, arm
		return "ttyAMA0"
	}
	return serialX86
}
