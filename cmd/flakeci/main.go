// Command flakeci evaluates, builds and reports every configuration of a Nix
// flake: hosts, homes and whatever else it offers.
//
// This package is the voice of the program: flags, flakeci.toml, exit codes,
// and what is said on the terminal. Each subcommand has a file of its own; what
// they do is in the packages matrix, runner and reports.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/flakeci/flakeci/internal/proc"
	"github.com/flakeci/flakeci/internal/safely"
)

func main() {
	// Some MiB more are nothing beside what Nix takes, and half the work in a run of
	// many short builds is to collect garbage.
	debug.SetGCPercent(400)
	start(&App{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Env: takeEnvironment(), Args: os.Args[1:]})
}

// start runs the program and ends it, in a crash too.
func start(app *App) {
	safely.Handle(func(c *safely.Crash) { os.Exit(app.crash(c)) })
	var code int
	safely.Do(func() { code = app.Main(interruptible()) })
	app.outlast()
	os.Exit(code)
}

// together is for how long signals are one. timeout(1) sends its own to flakeci, and to
// the group that flakeci is in.
const together = 100 * time.Millisecond

// interruptible gives a context that the first signal cancels. The second one
// lets what still runs be killed at once, the third ends flakeci itself. That the
// terminal is closed counts as the first alone: the shell says so, and the kernel
// once more when the shell has ended.
func interruptible() context.Context {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(signals, syscall.SIGHUP)
	}
	// A reader of stdout that went away ends neither the run nor its reports:
	// with this, writing is an error and no more.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, cancel := context.WithCancel(context.Background())
	kill := make(chan struct{})
	safely.Go(func() {
		<-signals
		cancel()
		time.Sleep(together)
		select {
		case <-signals:
		default:
		}
		for sig := range signals {
			if sig != syscall.SIGHUP {
				break
			}
		}
		signal.Reset(os.Interrupt, syscall.SIGTERM) // not SIGPIPE
		close(kill)
	})
	return proc.WithKill(ctx, kill)
}
