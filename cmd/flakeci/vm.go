package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/internal/vmboot"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/reports/table"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
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
	forwards, err := vmboot.ParseForwards(o.forwards)
	if err != nil {
		return badForward(err)
	}
	run := runOptions{flakeFlags: o.flake, vm: o.vm, evalJobs: 1, progress: "plain"}
	j := job{
		app: a, opts: run,
		selection: matrix.Selection{Hosts: []string{o.host}, Kinds: []result.Kind{result.KindVM}},
	}
	s := &vmboot.Session{Forwards: forwards, In: a.Stdin, Out: a.Stdout, Messages: a.Stderr}
	j.vms = func(tmp string) runner.VMOptions {
		s.Pool = o.vm.pool(a, o.flake.vms, tmp, nil, 0)
		return runner.VMOptions{Boot: s.Boot, Autologin: true, MemoryMiB: o.flake.vms.MemoryMiB, Cores: o.flake.vms.Cores}
	}
	if err := j.start(ctx); err != nil {
		return err
	}
	if s.Started {
		return a.sessionResult(s, o.host)
	}
	report, err := j.report()
	if err != nil {
		return err
	}
	return a.finish(report, table.Write(a.Stderr, report, a.tableOptions(o.flake.color, a.Stderr)))
}

// badForward is the error for --forward.
func badForward(err error) error {
	var bad *vmboot.ForwardError
	if errors.As(err, &bad) {
		return &usageError{msg: "--forward takes PORT:GUESTPORT, not " + config.Quoted(bad.Text), hint: "for example --forward 2222:22"}
	}
	return err
}

// sessionResult prints why the guest did not start, or why it ended although the user did not end
// it.
func (a *App) sessionResult(s *vmboot.Session, host string) error {
	if s.Fault == nil {
		return nil
	}
	a.printError(s.Failure(host), s.Fault.Hint)
	if s.Fault.Kind.Status() == result.Error {
		return exitCode(exitError)
	}
	return exitCode(exitFailed)
}
