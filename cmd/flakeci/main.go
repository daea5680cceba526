// Command flakeci evaluates, builds, boots and reports every configuration of a Nix flake:
// hosts, homes and the other outputs.
//
// This package has the command line: flags, flakeci.toml, messages and exit codes.
// Each subcommand has its own file; job.go holds the steps of a run. Other packages do the
// work, above all matrix, runner, vmtest and reports.
package main

import (
	"os"
	"runtime/debug"

	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/internal/secretenv"
	"github.com/flakeci/flakeci/internal/signals"
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
	safely.Do(func() { code = app.Main(signals.Context()) })
	app.waitForCrash()
	os.Exit(code)
}
