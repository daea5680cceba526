// Command flakeci evaluates, builds, boots and reports every configuration of a Nix flake:
// hosts, homes and the other outputs.
//
// This package has the command line: flags, flakeci.toml, messages and exit codes.
// Each subcommand has its own file; job.go holds the steps of a run. Other packages do the
// work, above all matrix, runner, vmtest and reports.
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
	"github.com/flakeci/flakeci/internal/secretenv"
)

func main() {
	// In a run of many short builds, half of flakeci's work was garbage collection. Doing less of
	// it costs a few MiB, far less than Nix takes.
	debug.SetGCPercent(400)
	env := os.Environ()
	secretenv.Hide(env)
	start(&App{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Env: env, Args: os.Args[1:]})
}

// start runs the program and exits, also after a crash.
func start(app *App) {
	safely.Handle(func(c *safely.Crash) { os.Exit(app.handleCrash(c)) })
	var code int
	safely.Do(func() { code = app.Main(interruptContext()) })
	app.waitForCrash()
	os.Exit(code)
}

// signalGrace is how long several signals count as one. timeout(1) sends its signal to
// flakeci, and to flakeci's process group.
const signalGrace = 100 * time.Millisecond

// interruptContext returns a context that the first signal cancels. The second one kills
// what still runs, the third ends flakeci itself. Of these, SIGHUP can only be the first: when a
// terminal is closed, the shell sends it, and the kernel again once the shell has ended.
func interruptContext() context.Context {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	// A closed stdout ends neither the run nor its reports: with this, writing to it
	// only returns an error.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, cancel := context.WithCancel(context.Background())
	kill := make(chan struct{})
	safely.Go(func() {
		<-signals
		cancel()
		time.Sleep(signalGrace)
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
