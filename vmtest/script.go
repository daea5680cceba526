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

// startOptions are what only some guests are started with.
type startOptions struct {
	console  *Console
	forwards []Forward
	patient  bool // the guest may say nothing, and start anew
}

// The names of what is in a guest's folder.
const (
	serialLog   = "serial.log"
	qmpSocket   = "qmp"
	agentSocket = "qga"

	sharedFolder = "shared"
)

// The longest path that a socket may have: 108 bytes on Linux, 104 elsewhere, of
// which the last is 0.
const longestSocket = 103

// findRunner finds the script that nixpkgs makes.
func findRunner(folder string) (string, *Fault) {
	if _, err := os.Stat(folder); err != nil {
		f := infra("the VM is not in this machine's store", err)
		f.Hint = "a VM that --store puts elsewhere can be built, but not booted"
		return "", f
	}
	found, err := filepath.Glob(filepath.Join(folder, "bin", "run-*-vm"))
	if err == nil && len(found) > 0 {
		return found[0], nil
	}
	return "", &Fault{
		Kind: result.CauseBoot, Title: "the VM has no runner", Message: folder + " holds no bin/run-*-vm",
		Hint: "config.system.build.vm is what nixpkgs' qemu-vm.nix makes; see what the host sets there",
	}
}

var qemuRE = regexp.MustCompile(`[^\s"'=;]*/bin/qemu-(?:kvm|system-\w+)\b`)

// The longest script that is looked into, in bytes. That of nixpkgs has some thousand.
const longestScript = 1 << 20

// qemuOf finds the program that a runner starts, to try the accelerator with. The
// runner of nixpkgs is a link to elsewhere in the store.
func qemuOf(script string) string {
	text, err := safefile.ReadTarget(script, longestScript)
	if found := qemuRE.Find(text); err == nil && found != nil {
		return string(found)
	}
	return "qemu-system-" + machineOf("")
}

// arguments are added to the runner's own, which they come after.
func (m *machine) arguments(o startOptions) []string {
	list := []string{
		"-machine", "accel=" + string(m.accel),
		"-display", "none", "-monitor", "none", "-serial", "stdio",
		"-qmp", "unix:" + m.socket(qmpSocket) + ",server=on,wait=off",
		"-device", "virtio-serial",
		"-chardev", "socket,path=" + m.socket(agentSocket) + ",server=on,wait=off,id=flakeci-agent",
		// With an id QEMU tells when the guest opens the port.
		"-device", "virtserialport,chardev=flakeci-agent,id=" + agentPort + ",name=org.qemu.guest_agent.0",
		"-device", "pvpanic-pci",
	}
	if !o.patient {
		// A machine that is over stays as it is, for a picture.
		list = append(list, "-no-reboot", "-action", "panic=pause,shutdown=pause")
	}
	return list
}

// socket is the path of a socket as QEMU's options have it: a comma ends a value.
func (m *machine) socket(name string) string {
	return strings.ReplaceAll(filepath.Join(m.sockets, name), ",", ",,")
}

const agentPort = "flakeci-agent-port"

// environment is what the runner sees: nothing of flakeci's own but the PATH.
func (m *machine) environment(l *Lab, console string, forwards []Forward) []string {
	var net []string
	if !l.OpenNetwork {
		net = append(net, "restrict=on")
	}
	for _, f := range forwards {
		net = append(net, fmt.Sprintf("hostfwd=tcp:127.0.0.1:%d-:%d", f.Port, f.GuestPort))
	}
	return []string{
		"PATH=" + l.Path, "HOME=" + m.dir, "TMPDIR=" + m.dir, "USE_TMPDIR=1",
		"NIX_DISK_IMAGE=" + filepath.Join(m.dir, "disk.qcow2"),
		"NIX_EFI_VARS=" + filepath.Join(m.dir, "efi-vars.fd"),
		"NIX_SWTPM_DIR=" + filepath.Join(m.sockets, "swtpm"), // which has sockets in it
		"SHARED_DIR=" + filepath.Join(m.dir, sharedFolder),
		"QEMU_NET_OPTS=" + strings.Join(net, ","),
		// The kernel restarts a second after a panic, which -no-reboot makes the
		// end; NixOS' stage 1 panics rather than asks what to do. The last console
		// is the one that systemd and login prompts are on.
		"QEMU_KERNEL_PARAMS=panic=1 boot.panic_on_fail console=" + console + ",115200n8",
	}
}

// serialConsole is how Linux calls the first serial line of the machine that a
// QEMU makes.
func serialConsole(qemu string) string {
	if strings.HasPrefix(machineOf(qemu), "a") { // aarch64, arm
		return "ttyAMA0"
	}
	return "ttyS0"
}
