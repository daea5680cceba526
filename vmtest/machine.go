package vmtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/vmtest/guestagent"
	"github.com/flakeci/flakeci/vmtest/qmp"
)

// machine is one guest, from the start of QEMU to its end.
type machine struct {
	name string
	dir  string // its own, with its disk and the serial log
	// sockets is where those are, mostly in dir.
	sockets string
	accel   Accel
	serial  *serial
	qmp     *qmp.Client
	agent   *guestagent.Client

	opened  chan struct{} // closed when the agent has opened its port
	over    chan struct{} // closed when the guest has shut down
	exited  chan struct{} // closed when QEMU is gone
	err     error         // how QEMU ended, once exited is closed
	kill    context.CancelFunc
	fail    context.CancelCauseFunc // ends the boot with a fault
	watched chan struct{}           // closed when nobody watches any more
	cleanup []func()

	mu       sync.Mutex
	stopping bool
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

// How long QEMU may take until it listens: some runners make a disk first.
const startLimit = 30 * time.Second

// start runs the host's runner and connects to it. The context that comes with
// the machine ends when the host can come up no more; its cause is then the
// [*Fault]. A host whose machine does not start gives the fault alone.
func (l *Lab) start(ctx context.Context, h Host, extra startOptions) (*machine, context.Context, *Fault) {
	script, fault := findRunner(h.Runner)
	if fault != nil {
		return nil, nil, fault
	}
	accel, _, err := l.Accel.Choose(ctx, qemuOf(script))
	if err != nil {
		return nil, nil, &Fault{Kind: KindAccel, Title: "the accelerator asked for is not to be had", Message: err.Error(), Hint: "see /dev/kvm and who may use it, or let flakeci choose with --accel auto"}
	}
	dir, err := os.MkdirTemp(l.Dir, "vm-")
	if err != nil {
		return nil, nil, infra("no folder for the guest", err)
	}
	m := &machine{
		name: h.Name, dir: dir, sockets: dir, accel: accel,
		opened: make(chan struct{}), over: make(chan struct{}), exited: make(chan struct{}), watched: make(chan struct{}),
	}
	m.cleanup = append(m.cleanup, func() { _ = os.RemoveAll(dir) })
	if len(filepath.Join(dir, agentSocket)) > longestSocket {
		if m.sockets, err = os.MkdirTemp("/tmp", "flakeci-"); err != nil {
			m.discard()
			return nil, nil, infra("no folder for the guest's sockets", err)
		}
		m.cleanup = append(m.cleanup, func() { _ = os.RemoveAll(m.sockets) })
	}
	log, err := os.Create(filepath.Join(dir, serialLog))
	if err != nil {
		m.discard()
		return nil, nil, infra("no serial log", err)
	}
	m.cleanup = append(m.cleanup, func() { _ = log.Close() })
	m.serial = newSerial(io.Writer(log))
	m.run(ctx, l, script, extra)
	alive, fault := m.connect(ctx)
	if fault != nil {
		m.stop(ctx, false)
		m.discard()
		return nil, nil, fault
	}
	silence := l.silence(accel)
	if extra.patient {
		silence = 0
	}
	go m.watch(alive, silence)
	return m, alive, nil
}

// startOptions are what only some guests are started with.
type startOptions struct {
	console  *Console
	forwards []Forward
	patient  bool // the guest may say nothing, and start anew
}

func infra(what string, err error) *Fault {
	return &Fault{Kind: KindInfra, Title: what + ": " + err.Error(), Message: err.Error()}
}

// findRunner finds the script that nixpkgs makes.
func findRunner(folder string) (string, *Fault) {
	found, err := filepath.Glob(filepath.Join(folder, "bin", "run-*-vm"))
	if err == nil && len(found) > 0 {
		return found[0], nil
	}
	return "", &Fault{
		Kind: KindBoot, Title: "the VM has no runner", Message: folder + " holds no bin/run-*-vm",
		Hint: "config.system.build.vm is what nixpkgs' qemu-vm.nix makes; see what the host sets there",
	}
}

var qemuRE = regexp.MustCompile(`[^\s"'=;]*/bin/qemu-(?:kvm|system-\w+)\b`)

// qemuOf finds the program that a runner starts, for a try of the accelerator.
func qemuOf(script string) string {
	text, err := os.ReadFile(script)
	if found := qemuRE.Find(text); err == nil && found != nil {
		return string(found)
	}
	return "qemu-system-x86_64"
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
func (m *machine) environment(l *Lab, forwards []Forward) []string {
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
		"NIX_SWTPM_DIR=" + filepath.Join(m.dir, "swtpm"),
		"SHARED_DIR=" + filepath.Join(m.dir, sharedFolder),
		"QEMU_NET_OPTS=" + strings.Join(net, ","),
		// The kernel restarts a second after a panic, which -no-reboot makes the
		// end; NixOS' stage 1 panics rather than asks what to do. The last console
		// is the one that systemd and login prompts are on.
		"QEMU_KERNEL_PARAMS=panic=1 boot.panic_on_fail console=" + serialConsole() + ",115200n8",
	}
}

// serialConsole is how Linux calls QEMU's first serial line. A guest that boots
// here mostly has this machine's architecture.
func serialConsole() string {
	if runtime.GOARCH == "arm64" {
		return "ttyAMA0"
	}
	return "ttyS0"
}

// run starts the runner. QEMU lives until it is stopped, however ctx ends: who
// is interrupted stops it.
func (m *machine) run(ctx context.Context, l *Lab, script string, o startOptions) {
	_ = os.Mkdir(filepath.Join(m.dir, sharedFolder), 0o755)
	ctx, m.kill = context.WithCancel(context.WithoutCancel(ctx))
	cmd := proc.Cmd{
		Path: script, Args: m.arguments(o), Dir: m.dir, Env: m.environment(l, o.forwards),
		Stdout: m.serial, Supervised: true, Grace: 2 * time.Second,
	}
	if o.console != nil {
		cmd.Stdin, cmd.Stdout = o.console.In, io.MultiWriter(m.serial, o.console.Out)
	}
	go func() {
		defer close(m.exited)
		_, m.err = cmd.Run(ctx)
	}()
}

// connect waits until QEMU listens. One that dies instead is not waited for.
func (m *machine) connect(ctx context.Context) (context.Context, *Fault) {
	limited, cancel := context.WithTimeout(ctx, startLimit*m.accel.factor())
	defer cancel()
	for m.qmp == nil || m.agent == nil {
		select {
		case <-m.exited:
			return nil, m.died()
		case <-limited.Done():
			return nil, m.late(ctx, "QEMU does not listen")
		case <-time.After(10 * time.Millisecond):
		}
		m.dial(limited)
	}
	alive, fail := context.WithCancelCause(ctx)
	m.fail = fail
	return alive, nil
}

// late is the fault of a machine that takes too long to start, unless it was
// the run that was interrupted.
func (m *machine) late(ctx context.Context, what string) *Fault {
	if ctx.Err() != nil {
		return infra("interrupted", ctx.Err())
	}
	return infra(what, errors.New("nothing for "+(startLimit*m.accel.factor()).String()))
}

// dial tries to connect. That nobody listens yet is no fault.
func (m *machine) dial(ctx context.Context) {
	if m.qmp == nil {
		m.qmp, _ = dialIn(ctx, m.sockets, qmpSocket, qmp.Dial)
	}
	if m.qmp != nil && m.agent == nil {
		m.agent, _ = dialIn(ctx, m.sockets, agentSocket, guestagent.Dial)
	}
}

func dialIn[C any](ctx context.Context, dir, name string, dial func(context.Context, string) (*C, error)) (*C, error) {
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	c, err := dial(ctx, path)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// What QEMU says when it is the machine that cannot, and not the host that is
// wrong.
var machinesRE = regexp.MustCompile(`(?i)cannot allocate memory|cannot set up guest memory|no space left|failed to (?:initialize|set MSR)|could not access KVM|too many open files|resource temporarily unavailable`)

// died is the fault of a QEMU that ended by itself.
func (m *machine) died() *Fault {
	var ended *proc.Error
	if !errors.As(m.err, &ended) {
		return &Fault{Kind: KindInfra, Title: "QEMU ended by itself", Tail: m.serial.tail(shownLines)}
	}
	f := &Fault{Message: ended.Error(), ExitCode: max(ended.ExitCode, 0), Tail: m.serial.tail(shownLines)}
	said := brief(ended.LastLine)
	switch {
	case ended.Signal != 0:
		f.Kind, f.Title = KindInfra, fmt.Sprintf("QEMU was killed by signal %d (%s)", int(ended.Signal), ended.Signal)
		f.Hint = "the kernel kills so when memory runs out; fewer guests at once need less of it"
	case m.qmp != nil || machinesRE.MatchString(said):
		f.Kind, f.Title = KindInfra, "QEMU gave up: "+said
	default:
		f.Kind, f.Title = KindBoot, "QEMU does not start: "+said
		f.Hint = "see virtualisation.qemu.options and what else the host sets for its VM"
	}
	return f
}

// How many lines of a log a fault shows.
const shownLines = 25

// How long a guest may take to power down before it is ended.
const powerdownLimit = 10 * time.Second

// stop ends the guest: a healthy one by its power button, then by QEMU's own
// command, then by force. It returns when QEMU and all it started are gone. An
// interrupted run goes to the end of that at once.
func (m *machine) stop(ctx context.Context, healthy bool) {
	m.mu.Lock()
	m.stopping = true
	m.mu.Unlock()
	if healthy && ctx.Err() == nil {
		m.powerdown(ctx)
	}
	if m.qmp != nil && ctx.Err() == nil {
		m.quit(ctx)
	}
	m.kill()
	<-m.exited
	if m.fail != nil {
		m.fail(nil)
		<-m.watched
	}
}

func (m *machine) powerdown(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, powerdownLimit*m.accel.factor())
	defer cancel()
	if m.qmp.Powerdown(limited) != nil {
		return
	}
	select {
	case <-m.over:
	case <-m.exited:
	case <-limited.Done():
	}
}

// quit has QEMU end itself.
func (m *machine) quit(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if m.qmp.Quit(limited) != nil {
		return
	}
	select {
	case <-m.exited:
	case <-limited.Done():
	}
}

// discard forgets all of a machine that is stopped.
func (m *machine) discard() {
	if m.qmp != nil {
		_ = m.qmp.Close()
	}
	if m.agent != nil {
		_ = m.agent.Close()
	}
	for _, f := range m.cleanup {
		f()
	}
}
