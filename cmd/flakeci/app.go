package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/flakeci/flakeci/internal/flagvalue"
	"github.com/flakeci/flakeci/internal/message"
	"github.com/flakeci/flakeci/internal/redact"
	"github.com/flakeci/flakeci/internal/secretenv"
)

// The exit codes of flakeci; they follow the verdict of a run.
const (
	exitPassed      = 0
	exitFailed      = 1
	exitUsage       = 2
	exitError       = 3
	exitInterrupted = 130
)

// App is the program, with everything that it reads and writes.
type App struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Env            []string // KEY=value
	Args           []string // without the program's name

	printer *message.Printer // see messages
	begin   sync.Once
	secrets redact.Secrets    // masked in everything that is printed and written
	owners  []secretenv.Owner // who alone gets some of Env

	running  atomic.Pointer[running] // what to report after a crash
	crashing sync.Mutex              // never released after a crash or at the end
}

// Main runs the subcommand in the arguments and returns the exit code.
func (a *App) Main(ctx context.Context) int {
	a.secrets.AddEnvironment(a.Env)
	a.secrets.AddArguments(a.Args)
	var err error
	if args, short := flagvalue.JoinPairs(a.Args, pairFlags); short != "" {
		err = missingValue(short)
	} else {
		root := a.rootCommand()
		root.SetArgs(args)
		err = root.ExecuteContext(ctx)
	}
	return a.exit(ctx, err)
}

// exit prints the error, if there is one, and returns the exit code.
func (a *App) exit(ctx context.Context, err error) int {
	var code exitCode
	switch {
	case err == nil:
		return exitPassed
	case errors.As(err, &code):
		return int(code)
	case ctx.Err() != nil:
		a.printf("interrupted")
		return exitInterrupted
	}
	return a.fail(err)
}

// exitCode is a code other than 0 with which flakeci exits after it has reported the result.
type exitCode int

func (exitCode) Error() string { return "the run did not pass" }

// usageError is a mistake on the command line.
type usageError struct {
	msg, hint string
	flag      string // the flag with the wrong value, if any
}

func (e *usageError) Error() string { return e.msg }

func (a *App) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "flakeci",
		Short: "Evaluate, build and boot every configuration of a Nix flake",
		Long: `flakeci evaluates and builds every NixOS host and every home of a flake, boots
hosts in QEMU, and reports which machines and users each fault affects, and why.

FLAKE is a folder or any flake reference that Nix takes (default ".").

Exit codes: 0 passed, 1 failed, 2 usage error, 3 error, 130 interrupted.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          subcommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	root.SetFlagErrorFunc(badFlag)
	root.Version = versionString()
	root.SetVersionTemplate("flakeci {{.Version}}\n")
	root.AddCommand(a.runCommand(), a.matrixCommand(), a.planCommand(), a.vmCommand(), a.reportCommand(), a.diffCommand(), a.versionCommand(), a.insideCommand())
	return root
}

// env returns the value of an environment variable.
func (a *App) env(key string) string {
	for i := len(a.Env) - 1; i >= 0; i-- {
		if k, v, _ := strings.Cut(a.Env[i], "="); k == key {
			return v
		}
	}
	return ""
}

// inCI reports whether this is a CI job. GitHub, GitLab and most others set CI.
func (a *App) inCI() bool {
	return !slices.Contains([]string{"", "0", "false"}, a.env("CI")) || a.env("GITHUB_ACTIONS") == "true"
}

// pairFlags take two values, as they do in Nix.
var pairFlags = []string{"--override-input", "--option"}

// missingValue returns the error for a pair flag with fewer than two values.
func missingValue(flag string) error {
	if flag == pairFlags[0] {
		return &usageError{msg: flag + " takes two values: NAME REF", hint: "for example " + flag + " nixpkgs path:./nixpkgs"}
	}
	return &usageError{msg: flag + " takes two values: KEY VALUE", hint: "for example " + flag + " cores 2"}
}
