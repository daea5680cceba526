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
	"strings"
	"sync/atomic"
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
	dir  string // with its disk and the serial log
	// sockets is the folder of the sockets: dir, or a shorter path if dir's is too long.
	sockets     string
	accel       Accel
	accelReason string // why accel was chosen; empty for KVM
	serial      *serial
	console     string   // Linux's name of the serial line, such as ttyS0
	log         *os.File // the console's, in dir
	qmp         *qmp.Client
	agent       *guestagent.Client

	agentOpened chan struct{} // closed when the agent has opened its port
	shutDown    chan struct{} // closed when the guest has shut down
	exited      chan struct{} // closed when QEMU has exited
	err         error         // how QEMU ended; valid once exited is closed
	kill        context.CancelFunc
	fail        context.CancelCauseFunc // ends the boot with a fault
	watchEnded  chan struct{}           // closed when watch has returned
	cleanup     []func()

	stopping atomic.Bool
}

// startLimit is how long QEMU may take before it listens. Some runners make a disk first, and with
// virtualisation.useNixStoreImage an image of the host's whole closure, which takes as long with
// KVM as without.
const startLimit = 3 * time.Minute

// start runs the host's runner and connects to QEMU. The returned context ends when the
// guest has ended or can no longer come up; its cause is then a [*faultError]. If the
// machine does not start, start returns only the fault.
func (p *Pool) start(ctx context.Context, h Host, extra startOptions) (*machine, context.Context, *Fault) {
	script, fault := findRunner(h.Runner)
	if fault != nil {
		return nil, nil, fault
	}
	qemu := findQEMU(script)
	accel, reason, err := p.Accel.Choose(ctx, qemu)
	if err != nil {
		f := newFault(result.CauseAccelerator, "the requested accelerator is not available",
			"check the permissions of /dev/kvm, or let flakeci choose with --accel auto")
		f.Message = err.Error()
		return nil, nil, f
	}
	dir, err := os.MkdirTemp(p.Dir, "vm-")
	if err != nil {
		return nil, nil, infraFault("cannot make a folder for the guest", err)
	}
	m := &machine{
		name: h.Name, dir: dir, sockets: dir, accel: accel, accelReason: reason,
		agentOpened: make(chan struct{}), shutDown: make(chan struct{}), exited: make(chan struct{}), watchEnded: make(chan struct{}),
	}
	m.cleanup = append(m.cleanup, func() { removeAll(dir) })
	if len(filepath.Join(dir, agentSocket)) > maxSocketPath {
		if m.sockets, err = os.MkdirTemp("/tmp", "flakeci-"); err != nil {
			m.discard()
			return nil, nil, infraFault("cannot make a folder for the guest's sockets", err)
		}
		m.cleanup = append(m.cleanup, func() { _ = os.RemoveAll(m.sockets) })
	}
	m.log, err = os.OpenFile(filepath.Join(dir, serialLog), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		m.discard()
		return nil, nil, infraFault("cannot make the log of the console", err)
	}
	m.cleanup = append(m.cleanup, func() { _ = m.log.Close() })
	m.serial = newSerial(m.log)
	m.console = serialConsole(qemu)
	m.run(ctx, p, script, extra)
	alive, fault := m.connect(ctx, p.limited(startLimit))
	if fault != nil {
		m.stop(ctx, false)
		m.discard()
		return nil, nil, fault
	}
	maxSilence := p.maxSilence(accel)
	if extra.interactive {
		maxSilence = 0
	}
	safely.Go(func() { m.watch(alive, maxSilence) })
	return m, alive, nil
}

// run starts the runner. QEMU does not end with ctx, only with [machine.stop].
func (m *machine) run(ctx context.Context, p *Pool, script string, o startOptions) {
	_ = os.Mkdir(filepath.Join(m.dir, sharedFolder), 0o755)
	ctx, m.kill = context.WithCancel(context.WithoutCancel(ctx))
	cmd := proc.Cmd{
		Path: script, Args: m.arguments(o), Dir: m.dir, Env: m.environment(p, o.forwards),
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

// connect waits until QEMU listens on its sockets, or exits.
func (m *machine) connect(ctx context.Context, limit time.Duration) (context.Context, *Fault) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	lastErr := errors.New("no answer within " + limit.String())
	for m.qmp == nil || m.agent == nil {
		select {
		case <-m.exited:
			return nil, m.exitFault()
		case <-limited.Done():
			return nil, startTimeout(ctx, lastErr)
		case <-time.After(10 * time.Millisecond):
		}
		if err := m.dial(limited); isNotQEMU(err) && limited.Err() == nil {
			lastErr = err
		}
	}
	m.serial.guestStarts()
	alive, fail := context.WithCancelCause(ctx)
	m.fail = fail
	return alive, nil
}

// startTimeout is the fault of a machine that takes too long to start, or of a run that was
// interrupted in the meantime.
func startTimeout(ctx context.Context, lastErr error) *Fault {
	if ctx.Err() != nil {
		return infraFault("interrupted", ctx.Err())
	}
	return infraFault("QEMU does not listen", lastErr)
}

// isNotQEMU reports whether an error means that a program other than QEMU listens, rather
// than nobody yet.
func isNotQEMU(err error) bool {
	return err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED)
}

// dial tries to connect to QEMU and to the agent.
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
	return dial(ctx, path)
}

// infraRE matches QEMU's messages that blame this machine, not the host.
var infraRE = regexp.MustCompile(`(?i)cannot allocate memory|cannot set up guest memory|no space left|failed to (?:initialize|set MSR)|could not access KVM|too many open files|resource temporarily unavailable`)

// exitFault is the fault of a QEMU that flakeci did not stop.
func (m *machine) exitFault() *Fault {
	var ended *proc.Error
	if !errors.As(m.err, &ended) {
		if m.qmp == nil {
			return m.fault(result.CauseBoot, "the runner ended without starting QEMU", runnerHint)
		}
		return m.fault(result.CauseInfra, "QEMU ended by itself", "")
	}
	f := m.fault("", "", "")
	f.Message, f.ExitCode = ended.Error(), max(ended.ExitCode, 0)
	message := briefQEMUMessage(cmp.Or(ended.LastLine, ended.Error()))
	switch {
	case errors.Is(ended, proc.ErrSupervisorKilled):
		f.Kind, f.Title = result.CauseInfra, "QEMU was killed: "+proc.ErrSupervisorKilled.Error()
		f.Hint = "a program of the same user killed it, such as one that the runner starts"
	case ended.Signal != 0:
		f.Kind, f.Title = result.CauseInfra, fmt.Sprintf("QEMU was killed by signal %d (%s)", int(ended.Signal), ended.Signal)
		f.Hint = "the kernel does this when memory runs out; try fewer guests at once"
	case ended.ExitCode < 0 && ended.Err != nil:
		f.Kind, f.Title = result.CauseInfra, "the runner cannot be started: "+ended.Err.Error()
		f.Hint = "the runner is a script for the host's system; check that this machine can run its programs"
	case m.qmp != nil || infraRE.MatchString(message):
		f.Kind, f.Title = result.CauseInfra, "QEMU gave up: "+message
	default:
		f.Kind, f.Title = result.CauseBoot, "QEMU does not start: "+message
		f.Hint = "see virtualisation.qemu.options and the host's other settings for its VM"
	}
	return f
}

// fault returns a fault with the end of the console's log.
func (m *machine) fault(kind result.CauseKind, title, hint string) *Fault {
	f := newFault(kind, title, hint)
	f.LogTail = strings.Join(m.serial.tail(shownLines), "\n")
	return f
}

// shownLines is how many lines of a log a fault shows.
const shownLines = 25

// powerdownLimit is how long a guest may take to power down before it is killed.
const powerdownLimit = 10 * time.Second

// killLimit is how long killed processes may take to end. Only another user's processes, as after
// sudo, never end.
const killLimit = 30 * time.Second

// stop ends the guest: a healthy one by its power button, then by QEMU's quit command, then by
// SIGKILL. An interrupted run goes to SIGKILL at once. stop returns when QEMU and its child
// processes have ended. It does not wait for processes that flakeci may not kill, so it reports
// whether all have ended.
func (m *machine) stop(ctx context.Context, healthy bool) (ended bool) {
	m.stopping.Store(true)
	if healthy && ctx.Err() == nil {
		m.powerdown(ctx)
	}
	if m.qmp != nil && ctx.Err() == nil {
		m.quit(ctx)
	}
	m.kill()
	select {
	case <-m.exited:
		ended = true
	case <-time.After(killLimit):
		m.disconnect()
	}
	if m.fail != nil {
		m.fail(nil)
		<-m.watchEnded
	}
	return ended
}

// copyLog copies the console's log as it is now. It does not open the log again: the runner
// can write to the folder, and may have replaced the log or made it grow.
func (m *machine) copyLog(w io.Writer) error {
	_, err := io.Copy(w, io.NewSectionReader(m.log, 0, m.serial.logSize()))
	return err
}

// disconnect closes the connections to QEMU and the agent.
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
	case <-m.shutDown:
	case <-m.exited:
	case <-limited.Done():
	}
}

// quit asks QEMU to exit.
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

// removeAll removes a folder in which a guest may have made folders without permissions.
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

// discard removes the files of a machine that has stopped.
func (m *machine) discard() {
	m.disconnect()
	for _, f := range m.cleanup {
		f()
	}
}
