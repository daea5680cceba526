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
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends flakeci itself, and with it all that it started.
	context.AfterFunc(ctx, stop)
	app := &App{Stdout: os.Stdout, Stderr: os.Stderr, Env: os.Environ(), Args: os.Args[1:]}
	os.Exit(app.Main(ctx))
}
