package vmboot

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/vmtest"
	"github.com/flakeci/flakeci/vmtest/console"
)

// Session boots one host with its console on the user's terminal.
type Session struct {
	Pool     *vmtest.Pool
	Forwards []vmtest.Forward
	// In and Out are the terminal; Messages gets how to access the guest.
	In            io.Reader
	Out, Messages io.Writer

	// Started is set once the guest was started; Fault is why it could not be, or why it ended
	// although the user did not end it.
	Started bool
	Fault   *vmtest.Fault
}

// Boot is a [runner.BootFunc]. It returns when the guest ends or the user leaves it, and no report
// covers it.
func (s *Session) Boot(ctx context.Context, vm runner.VM, _ runner.BootOptions) runner.BootResult {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	terminal, restore := console.Lend(s.In, s.Out, leave)
	defer restore()
	s.Fault = s.Pool.RunInteractive(ctx, vmtest.Host{Name: vm.Cell.Host, Runner: vm.Runner}, terminal, s.Forwards, func(guest vmtest.InteractiveGuest) {
		s.printAccess(vm, guest)
	})
	s.Started = true
	return runner.BootResult{}
}

// Failure describes the fault, and is "" if there is none.
func (s *Session) Failure(host string) string {
	if s.Fault == nil {
		return ""
	}
	text := host + ": " + s.Fault.Title
	if _, why, quoted := strings.Cut(s.Fault.Title, ": "); s.Fault.Message != "" && (!quoted || !strings.Contains(s.Fault.Message, why)) {
		text += ": " + s.Fault.Message
	}
	return text
}

// printAccess prints how to access the guest. The terminal is raw by now, so lines need a
// carriage return.
func (s *Session) printAccess(vm runner.VM, guest vmtest.InteractiveGuest) {
	lines := []string{"booting " + vm.Cell.Host + " with " + string(guest.Accel)}
	if guest.AccelReason != "" {
		lines[0] += " (" + guest.AccelReason + ")"
	}
	lines = append(lines, vm.Info.Without...)
	lines = append(lines, "console: this terminal; Ctrl-C or poweroff ends the machine")
	for _, f := range s.Forwards {
		to := fmt.Sprintf("port %d: 127.0.0.1:%d", f.GuestPort, f.Port)
		if f.GuestPort == 22 {
			to = fmt.Sprintf("ssh: ssh -p %d root@127.0.0.1", f.Port)
		}
		lines = append(lines, to)
	}
	if len(s.Forwards) == 0 {
		lines = append(lines, "network: closed (--forward 2222:22 allows ssh)")
	}
	lines = append(lines, "shared folder: "+guest.Shared+" is /tmp/shared in the guest")
	for _, l := range lines {
		fmt.Fprintf(s.Messages, "flakeci: %s\r\n", l)
	}
}

// ForwardError says that a text is not PORT:GUESTPORT.
type ForwardError struct{ Text string }

func (e *ForwardError) Error() string { return e.Text + " is not PORT:GUESTPORT" }

// ParseForwards reads ports of this machine and of the guest, such as 2222:22. The error is a
// [*ForwardError].
func ParseForwards(texts []string) ([]vmtest.Forward, error) {
	var list []vmtest.Forward
	for _, text := range texts {
		host, guest, _ := strings.Cut(text, ":")
		from, err1 := strconv.ParseUint(host, 10, 16)
		to, err2 := strconv.ParseUint(guest, 10, 16)
		if err1 != nil || err2 != nil || from == 0 || to == 0 {
			return nil, &ForwardError{text}
		}
		list = append(list, vmtest.Forward{Port: uint16(from), GuestPort: uint16(to)})
	}
	return list, nil
}
