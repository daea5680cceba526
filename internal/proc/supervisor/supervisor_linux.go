package supervisor

import (
	"encoding/json"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/flakeci/flakeci/internal/safely"
)

// A process that was started as a supervisor becomes one before main, so that neither main nor
// the tests of any package can forget it, and before most packages are initialized. Go
// initializes packages in the order of their paths, each after its imports. So this one imports
// little: when it imported os/exec and regexp, it came after tablewriter, which fills tables,
// and starting a supervisor took 20 ms of processor time instead of 12. version.txtar enforces
// that.
func init() {
	if code, asked := supervise(os.Args); asked {
		os.Exit(code)
	}
}

// supervise makes this process the supervisor of a program if it was started as one, and
// otherwise returns at once with asked false.
func supervise(args []string) (code int, asked bool) {
	if len(args) < 5 || args[0] != Name || args[1] != Flag {
		return 0, false
	}
	creator, err := linkCreator()
	if err != nil {
		return 0, false // only the name and flag match
	}
	syscall.CloseOnExec(Link)
	if creator != os.Getppid() {
		return 1, true // flakeci is gone already
	}
	// The kernel kills the program when this thread ends, see start.
	runtime.LockOSThread()
	_ = os.WriteFile("/proc/self/comm", []byte("flakeci-super"), 0) // ps would show "exe"
	s := &supervisor{link: os.NewFile(Link, "flakeci"), orphans: NewOrphans()}
	s.run(args[2], args[3], args[4:])
	return 0, true
}

// linkCreator returns the id of the process that made the link.
func linkCreator() (int, error) {
	kind, err := syscall.GetsockoptInt(Link, syscall.SOL_SOCKET, syscall.SO_TYPE)
	if err != nil {
		return 0, err
	}
	if kind != syscall.SOCK_SEQPACKET {
		return 0, syscall.EPROTOTYPE
	}
	creator, err := syscall.GetsockoptUcred(Link, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	if err != nil {
		return 0, err
	}
	return int(creator.Pid), nil
}

// supervisor is the state of a supervisor. One goroutine does everything with process ids: as
// long as it does not reap, no other process gets them.
type supervisor struct {
	link    *os.File
	program int // the program's process id, 0 once it is reaped
	started time.Time
	orphans *Orphans
}

func (s *supervisor) run(dir, path string, argv []string) {
	childExited := make(chan os.Signal, 1)
	signal.Notify(childExited, syscall.SIGCHLD)
	forward := make(chan os.Signal, 8)
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		if !signal.Ignored(sig) { // else the program ignores it too
			signal.Notify(forward, sig)
		}
	}
	if s.start(dir, path, argv) {
		s.serve(childExited, forward, s.listen())
	}
}

// start starts the program and reports that.
func (s *supervisor) start(dir, path string, argv []string) bool {
	if err := AdoptOrphans(); err != 0 {
		s.report(Report{Op: "adopt the orphans of", Errno: err})
		return false
	}
	leaveTerminal()
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	files := []*os.File{os.NewFile(0, "stdin"), os.NewFile(1, "stdout"), os.NewFile(2, "stderr")}
	s.started = time.Now()
	program, err := os.StartProcess(path, argv, &os.ProcAttr{Dir: dir, Files: files, Sys: attr})
	if err != nil {
		failure := Report{Op: "fork/exec", Errno: syscall.EINVAL}
		_ = errors.As(err, &failure.Errno)
		s.report(failure)
		return false
	}
	s.program = program.Pid
	s.orphans.seen[s.program] = true
	_ = program.Release()
	closeFiles(files)
	s.report(Report{Pid: s.program})
	return true
}

// AdoptOrphans makes this process the parent of all later orphans among its descendants.
func AdoptOrphans() syscall.Errno {
	const setChildSubreaper = 36 // PR_SET_CHILD_SUBREAPER, which package syscall lacks
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, setChildSubreaper, 1, 0, 0, 0, 0)
	return errno
}

// leaveTerminal detaches this process, and those it starts, from the terminal. A session of its
// own would do that too, at a higher price: the scheduler keeps a group for each session
// (autogroup), which increased flakeci's own share of 500 builds by half.
func leaveTerminal() {
	tty, err := syscall.Open("/dev/tty", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return // there is none
	}
	_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, uintptr(tty), syscall.TIOCNOTTY, 0)
	_ = syscall.Close(tty)
}

// closeFiles replaces files with the null device. If this process kept them open, nobody would see
// the program close them.
func closeFiles(files []*os.File) {
	null, err := syscall.Open(os.DevNull, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	for fd, f := range files {
		_ = f.Close() // nothing was written
		if err == nil {
			_ = syscall.Dup3(null, fd, 0)
		}
	}
}

// report sends a report. If flakeci is gone, the link's end shows that too.
func (s *supervisor) report(r Report) {
	b, _ := json.Marshal(r) // cannot fail
	_, _ = s.link.Write(b)
}

// listen returns a channel of the signals from flakeci, closed when flakeci is gone.
func (s *supervisor) listen() <-chan syscall.Signal {
	signals := make(chan syscall.Signal)
	safely.Go(func() {
		defer close(signals)
		var b [1]byte
		for {
			if _, err := s.link.Read(b[:]); err != nil {
				return
			}
			signals <- syscall.Signal(b[0])
		}
	})
	return signals
}

// serve returns when no descendant is left, or none that this process may kill.
func (s *supervisor) serve(childExited, forward <-chan os.Signal, flakeci <-chan syscall.Signal) {
	var again <-chan time.Time
	for {
		select {
		case <-childExited:
			if s.reap() {
				return
			}
			continue
		case sig := <-forward:
			s.signal(sig.(syscall.Signal))
			continue
		case sig, there := <-flakeci:
			if there && sig != syscall.SIGKILL {
				s.signal(sig)
				continue
			}
			if !there {
				flakeci = nil
			}
			s.signal(syscall.SIGKILL) // faster than one by one
		case <-again:
		}
		wait, more := s.orphans.kill()
		if !more && s.program == 0 {
			return
		}
		again = time.After(wait)
	}
}

// reap reaps dead children and reports whether no child is left. Without children there are no
// descendants, as their orphans would be children.
func (s *supervisor) reap() (none bool) {
	for {
		var status syscall.WaitStatus
		var usage syscall.Rusage
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG|syscall.WALL, &usage)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return true
		case pid == 0:
			return false
		case pid == s.program:
			s.program = 0
			s.report(Report{End: &End{Status: status, Rusage: usage, Wall: time.Since(s.started)}})
		}
	}
}

// signal sends a signal to the program's group, unless the program was reaped: another group may
// have its id by then.
func (s *supervisor) signal(sig syscall.Signal) {
	if s.program != 0 {
		_ = syscall.Kill(-s.program, sig)
	}
}
