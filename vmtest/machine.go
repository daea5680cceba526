package vmtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
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

// How long QEMU may take until it listens: some runners make a disk first.
const startLimit = 30 * time.Second

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
