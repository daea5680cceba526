package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports/table"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
	"github.com/flakeci/flakeci/vmtest"
	"github.com/flakeci/flakeci/vmtest/console"
)

// vmCommandOptions are the flags of `flakeci vm`.
type vmCommandOptions struct {
	host     string
	flake    flakeFlags
	vm       vmFlags
	forwards []string
}

func (a *App) vmCommand() *cobra.Command {
	var o vmCommandOptions
	cmd := &cobra.Command{
		Use:   "vm HOST [FLAKE]",
		Short: "Boot one host and open its console",
		Long: `flakeci vm builds a host's virtual machine and boots it with its serial console on
this terminal, logged in as root. Ctrl-C ends the machine, not just the program
inside it. poweroff ends it too. The machine's disk is discarded at the end.`,
		Example: `  flakeci vm reason
  flakeci vm reason --forward 2222:22`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 || len(args) == 2 {
				return nil
			}
			return &usageError{msg: "flakeci vm takes a HOST and an optional FLAKE", hint: "flakeci matrix shows the hosts"}
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOrder(cmd, "HOST", args); err != nil {
				return err
			}
			o.host = args[0]
			if err := o.flake.load(cmd, args[1:]); err != nil {
				return err
			}
			return a.vm(cmd.Context(), o)
		},
	}
	fs := cmd.Flags()
	o.flake.addShared(fs)
	o.vm.add(fs)
	fs.StringArrayVar(&o.forwards, "forward", nil, "connect a port of this machine's loopback address to a port of the guest: `PORT:GUESTPORT`")
	return cmd
}

// vm is `flakeci vm`.
func (a *App) vm(ctx context.Context, o vmCommandOptions) error {
	if err := o.vm.check(); err != nil {
		return o.flake.origin.locate(err)
	}
	forwards, err := parseForwards(o.forwards)
	if err != nil {
		return err
	}
	run := runOptions{flakeFlags: o.flake, vm: o.vm, evalJobs: 1, progress: "plain"}
	j := job{
		app: a, opts: run,
		selection: matrix.Selection{Hosts: []string{o.host}, Kinds: []result.Kind{result.KindVM}},
	}
	s := &vmSession{app: a, forwards: forwards}
	j.vms = func(tmp string) runner.VMOptions {
		s.pool = o.vm.pool(a, o.flake.vms, tmp, nil, 0)
		return runner.VMOptions{Boot: s.boot, Autologin: true, MemoryMiB: o.flake.vms.MemoryMiB, Cores: o.flake.vms.Cores}
	}
	if err := j.start(ctx); err != nil {
		return err
	}
	if s.started {
		return s.result(o.host)
	}
	report, err := j.report()
	if err != nil {
		return err
	}
	return a.finish(report, table.Write(a.Stderr, report, a.tableOptions(o.flake.color, a.Stderr)))
}

// parseForwards reads PORT:GUESTPORT.
func parseForwards(texts []string) ([]vmtest.Forward, error) {
	var list []vmtest.Forward
	for _, text := range texts {
		host, guest, _ := strings.Cut(text, ":")
		from, err1 := strconv.ParseUint(host, 10, 16)
		to, err2 := strconv.ParseUint(guest, 10, 16)
		if err1 != nil || err2 != nil || from == 0 || to == 0 {
			return nil, &usageError{msg: "--forward takes PORT:GUESTPORT, not " + config.Quoted(text), hint: "for example --forward 2222:22"}
		}
		list = append(list, vmtest.Forward{Port: uint16(from), GuestPort: uint16(to)})
	}
	return list, nil
}

// vmSession boots a host with its console on this terminal.
type vmSession struct {
	app      *App
	pool     *vmtest.Pool
	forwards []vmtest.Forward

	started bool
	fault   *vmtest.Fault
}

// boot returns when the guest ends or the user leaves it. No report covers it.
func (s *vmSession) boot(ctx context.Context, vm runner.VM, _ runner.BootOptions) runner.BootResult {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	terminal, restore := console.Lend(s.app.Stdin, s.app.Stdout, leave)
	defer restore()
	s.fault = s.pool.RunInteractive(ctx, vmtest.Host{Name: vm.Cell.Host, Runner: vm.Runner}, terminal, s.forwards, func(guest vmtest.InteractiveGuest) {
		s.printAccess(vm, guest)
	})
	s.started = true
	return runner.BootResult{}
}

// result prints why the guest did not start, or why it ended although the user did not end it.
func (s *vmSession) result(host string) error {
	if s.fault == nil {
		return nil
	}
	text := host + ": " + s.fault.Title
	if _, why, quoted := strings.Cut(s.fault.Title, ": "); s.fault.Message != "" && (!quoted || !strings.Contains(s.fault.Message, why)) {
		text += ": " + s.fault.Message
	}
	s.app.printError(text, s.fault.Hint)
	if s.fault.Kind.Status() == result.Error {
		return exitCode(exitError)
	}
	return exitCode(exitFailed)
}

// printAccess prints how to access the guest. The terminal is raw by now, so lines need a
// carriage return.
func (s *vmSession) printAccess(vm runner.VM, guest vmtest.InteractiveGuest) {
	lines := []string{"booting " + vm.Cell.Host + " with " + string(guest.Accel)}
	if guest.AccelReason != "" {
		lines[0] += " (" + guest.AccelReason + ")"
	}
	lines = append(lines, vm.Info.Without...)
	lines = append(lines, "console: this terminal; Ctrl-C or poweroff ends the machine")
	for _, f := range s.forwards {
		to := fmt.Sprintf("port %d: 127.0.0.1:%d", f.GuestPort, f.Port)
		if f.GuestPort == 22 {
			to = fmt.Sprintf("ssh: ssh -p %d root@127.0.0.1", f.Port)
		}
		lines = append(lines, to)
	}
	if len(s.forwards) == 0 {
		lines = append(lines, "network: closed (--forward 2222:22 allows ssh)")
	}
	lines = append(lines, "shared folder: "+guest.Shared+" is /tmp/shared in the guest")
	for _, l := range lines {
		fmt.Fprintf(s.app.Stderr, "flakeci: %s\r\n", l)
	}
}
