package vmtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/result"
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
	why     string // that accelerator and no other; empty for KVM
	serial  *serial
	log     *os.File // of the console, in dir
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

// How long QEMU may take until it listens. Some runners make a disk first, and
// with virtualisation.useNixStoreImage an image of all the store that the host
// needs, which takes the same with KVM or without.
const startLimit = 3 * time.Minute

// start runs the host's runner and connects to it. The context that comes with
// the machine ends when the host can come up no more; its cause is then the
// [*Fault]. A host whose machine does not start gives the fault alone.
func (l *Lab) start(ctx context.Context, h Host, extra startOptions) (*machine, context.Context, *Fault) {
	script, fault := findRunner(h.Runner)
	if fault != nil {
		return nil, nil, fault
	}
	qemu := qemuOf(script)
	accel, why, err := l.Accel.Choose(ctx, qemu)
	if err != nil {
		return nil, nil, &Fault{Kind: result.CauseAccelerator, Title: "the requested accelerator is not available", Message: err.Error(), Hint: "see /dev/kvm and who may use it, or let flakeci choose with --accel auto"}
	}
	dir, err := os.MkdirTemp(l.Dir, "vm-")
	if err != nil {
		return nil, nil, infra("no folder for the guest", err)
	}
	m := &machine{
		name: h.Name, dir: dir, sockets: dir, accel: accel, why: why,
		opened: make(chan struct{}), over: make(chan struct{}), exited: make(chan struct{}), watched: make(chan struct{}),
	}
	m.cleanup = append(m.cleanup, func() { removeAll(dir) })
	if len(filepath.Join(dir, agentSocket)) > longestSocket {
		if m.sockets, err = os.MkdirTemp("/tmp", "flakeci-"); err != nil {
			m.discard()
			return nil, nil, infra("no folder for the guest's sockets", err)
		}
		m.cleanup = append(m.cleanup, func() { _ = os.RemoveAll(m.sockets) })
	}
	m.log, err = os.OpenFile(filepath.Join(dir, serialLog), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		m.discard()
		return nil, nil, infra("no serial log", err)
	}
	m.cleanup = append(m.cleanup, func() { _ = m.log.Close() })
	m.serial = newSerial(m.log)
	m.run(ctx, l, script, serialConsole(qemu), extra)
	alive, fault := m.connect(ctx, l.atMost(startLimit))
	if fault != nil {
		m.stop(ctx, false)
		m.discard()
		return nil, nil, fault
	}
	silence := l.silence(accel)
	if extra.patient {
		silence = 0
	}
	safely.Go(func() { m.watch(alive, silence) })
	return m, alive, nil
}

func infra(what string, err error) *Fault {
	return &Fault{Kind: result.CauseInfra, Title: what + ": " + err.Error(), Message: err.Error()}
}

// run starts the runner. QEMU lives until it is stopped, however ctx ends: who
// is interrupted stops it.
func (m *machine) run(ctx context.Context, l *Lab, script, console string, o startOptions) {
	_ = os.Mkdir(filepath.Join(m.dir, sharedFolder), 0o755)
	ctx, m.kill = context.WithCancel(context.WithoutCancel(ctx))
	cmd := proc.Cmd{
		Path: script, Args: m.arguments(o), Dir: m.dir, Env: m.environment(l, console, o.forwards),
		Stdout: m.serial, Supervised: true, Grace: 2 * time.Second,
	}
	if o.console != nil {
		cmd.Stdin, cmd.Stdout = o.console.In, io.MultiWriter(m.serial, o.console.Out)
	}
	safely.Go(func() {
		defer close(m.exited)
		_, m.err = cmd.Run(ctx)
	})
}

// connect waits until QEMU listens. One that dies instead is not waited for.
func (m *machine) connect(ctx context.Context, limit time.Duration) (context.Context, *Fault) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	said := errors.New("nothing for " + limit.String())
	for m.qmp == nil || m.agent == nil {
		select {
		case <-m.exited:
			return nil, m.died()
		case <-limited.Done():
			return nil, late(ctx, said)
		case <-time.After(10 * time.Millisecond):
		}
		if err := m.dial(limited); unlikeQEMU(err) && limited.Err() == nil {
			said = err
		}
	}
	m.serial.begin()
	alive, fail := context.WithCancelCause(ctx)
	m.fail = fail
	return alive, nil
}

// late is the fault of a machine that takes too long to start, unless it was
// the run that was interrupted.
func late(ctx context.Context, said error) *Fault {
	if ctx.Err() != nil {
		return infra("interrupted", ctx.Err())
	}
	return infra("QEMU does not listen", said)
}

// unlikeQEMU says whether an error means more than that nobody listens yet: a runner
// may have another program listen.
func unlikeQEMU(err error) bool {
	return err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED)
}

// dial tries to connect.
func (m *machine) dial(ctx context.Context) (err error) {
	if m.qmp == nil {
		m.qmp, err = dialIn(ctx, m.sockets, qmpSocket, qmp.Dial)
	}
	if m.qmp != nil && m.agent == nil {
		m.agent, err = dialIn(ctx, m.sockets, agentSocket, guestagent.Dial)
	}
	return err
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
		if m.qmp == nil {
			return &Fault{
				Kind: result.CauseBoot, Title: "the runner ended without starting QEMU", Tail: m.serial.tail(shownLines),
				Hint: "config.system.build.vm is what nixpkgs' qemu-vm.nix makes; see what the host sets there",
			}
		}
		return &Fault{Kind: result.CauseInfra, Title: "QEMU ended by itself", Tail: m.serial.tail(shownLines)}
	}
	f := &Fault{Message: ended.Error(), ExitCode: max(ended.ExitCode, 0), Tail: m.serial.tail(shownLines)}
	said := brief(cmp.Or(ended.LastLine, ended.Error()))
	switch {
	case errors.Is(ended, proc.ErrLost):
		f.Kind, f.Title = result.CauseInfra, "QEMU was ended: "+proc.ErrLost.Error()
		f.Hint = "a program of the same user killed it, such as one that the runner starts"
	case ended.Signal != 0:
		f.Kind, f.Title = result.CauseInfra, fmt.Sprintf("QEMU was killed by signal %d (%s)", int(ended.Signal), ended.Signal)
		f.Hint = "the kernel kills so when memory runs out; fewer guests at once need less of it"
	case ended.ExitCode < 0 && ended.Err != nil:
		f.Kind, f.Title = result.CauseInfra, "the runner cannot be started: "+ended.Err.Error()
		f.Hint = "it is a script for the system that the host is for; see that this machine can run its programs"
	case m.qmp != nil || machinesRE.MatchString(said):
		f.Kind, f.Title = result.CauseInfra, "QEMU gave up: "+said
	default:
		f.Kind, f.Title = result.CauseBoot, "QEMU does not start: "+said
		f.Hint = "see virtualisation.qemu.options and what else the host sets for its VM"
	}
	return f
}

// How many lines of a log a fault shows.
const shownLines = 25

// How long a guest may take to power down before it is ended.
const powerdownLimit = 10 * time.Second

// How long the kernel may take to end what was killed. Only what runs as another user,
// as with sudo, never ends.
const deathLimit = 30 * time.Second

// stop ends the guest: a healthy one by its power button, then by QEMU's own
// command, then by force. It returns when QEMU and all it started are gone, and says
// whether they are: what flakeci may not end is not waited for. An interrupted run goes
// to the end of that at once.
func (m *machine) stop(ctx context.Context, healthy bool) (gone bool) {
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
	select {
	case <-m.exited:
		gone = true
	case <-time.After(deathLimit):
		m.disconnect()
	}
	if m.fail != nil {
		m.fail(nil)
		<-m.watched
	}
	return gone
}

// copyLog copies what the console's log has by now. It is never opened again: the folder
// is the runner's too, which may have put anything in its place, or made it grow.
func (m *machine) copyLog(w io.Writer) error {
	_, err := io.Copy(w, io.NewSectionReader(m.log, 0, m.serial.inLog()))
	return err
}

// disconnect lets go of QEMU and the agent.
func (m *machine) disconnect() {
	if m.qmp != nil {
		_ = m.qmp.Close()
	}
	if m.agent != nil {
		_ = m.agent.Close()
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

// removeAll removes a folder in which a guest may have made others, and taken all
// rights to them.
func removeAll(dir string) {
	if os.RemoveAll(dir) == nil {
		return
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, _ error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	_ = os.RemoveAll(dir)
}

// discard forgets all of a machine that is stopped.
func (m *machine) discard() {
	m.disconnect()
	for _, f := range m.cleanup {
		f()
	}
}
