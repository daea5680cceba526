package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/internal/config"
	"github.com/flakeci/flakeci/internal/container"
	"github.com/flakeci/flakeci/internal/container/inside"
	"github.com/flakeci/flakeci/internal/container/luggage"
	"github.com/flakeci/flakeci/internal/flagvalue"
	"github.com/flakeci/flakeci/internal/linuxbuild"
	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/internal/redact"
	"github.com/flakeci/flakeci/internal/secretenv"
	"github.com/flakeci/flakeci/internal/terminal"
	"github.com/flakeci/flakeci/reports"
	"github.com/flakeci/flakeci/reports/forms"
	"github.com/flakeci/flakeci/reports/progress/views"
)

// containerFlag runs the run in a container. flakeci.toml cannot set it.
const containerFlag = "in-container"

// addContainer adds the flag; its value is optional.
func (o *runOptions) addContainer(fs *pflag.FlagSet) {
	fs.StringVar(&o.container, containerFlag, "", "run in a container of Docker or Podman, from an `IMAGE` that has Nix")
	fs.Lookup(containerFlag).NoOptDefVal = container.Default
}

// checkContainer finds what a run in a container cannot do.
func (o *runOptions) checkContainer() error {
	switch {
	case o.container == "":
		return &usageError{msg: "--in-container= lacks the image", hint: "leave out the = for the default image"}
	case len(o.push) > 0:
		// A folder would vanish with the container, and whose code this is would not be known there.
		return &usageError{flag: "push", msg: "--push does not work with --in-container: credentials and keys stay outside", hint: "push in a run without --in-container"}
	}
	return nil
}

// runInContainer runs flakeci in a container, and reports the result here.
func (a *App) runInContainer(ctx context.Context, cmd *cobra.Command, o runOptions) error {
	artifacts := o.outputs.Artifacts(o.artifacts, a.secrets.Writer)
	if err := cmp.Or(o.checkContainer(), o.check()); err != nil {
		return o.origin.locate(err)
	}
	if err := a.checkOutputs(ctx, &o, artifacts); err != nil {
		return err
	}
	l, err := a.luggage(cmd, &o)
	if err != nil {
		return err
	}
	env := secretenv.Without(a.Env)
	done, err := container.Run(ctx, container.Options{
		Image: o.container, Getenv: a.env, Bring: l.Write, Args: l.Args, Dir: l.Dir, Env: inside.Environment(a.env), GitEnv: env,
		Build:    linuxbuild.Options{Version: versionString(), Cache: a.cachePath("linux"), Env: env},
		Terminal: a.containerTerminal(o.progress), Artifacts: artifacts, Say: func(text string) { a.printf("%s", text) },
		Print: func(line string) { a.messages().Raw(clean.Line(clean.Text(line))) },
	})
	if err != nil {
		return err
	}
	if done.Report == nil {
		return a.withoutReport(done.Code)
	}
	host, _ := os.Hostname() // the report has that of the container
	for i := range done.Report.Machines {
		here := reports.Machine(a.env, host)
		m := &done.Report.Machines[i]
		m.Name, m.Run, m.Job, m.Attempt = here.Name, here.Run, here.Job, here.Attempt
	}
	r, err := redact.Value(&a.secrets, *done.Report)
	if err != nil {
		return err
	}
	if err = a.publish(ctx, r, o.delivery()); err == nil && done.Code != exitPassed {
		err = exitCode(done.Code) // it passed, but something else went wrong
	}
	files := done.Artifacts
	for _, path := range o.files {
		if path != "" && path != "-" {
			files = append(files, path)
		}
	}
	if failed := container.GiveBack(a.env, o.artifacts, files); failed != nil {
		a.warnf("cannot give files to the user of sudo: %v", failed)
	}
	return err
}

// withoutReport returns the exit code of a run that has printed why it made no report.
func (a *App) withoutReport(code int) error {
	if code == exitPassed {
		return errors.New("the run in the container ended without a report")
	}
	return exitCode(code)
}

// luggage returns what the run needs in the container, and its arguments there.
func (a *App) luggage(cmd *cobra.Command, o *runOptions) (luggage.Luggage, error) {
	l, err := luggage.New(o.ref)
	if err != nil {
		return l, err
	}
	l.Output = o.artifacts
	if o.origin.InFile("base") && l.Outside(o.base.ref) {
		return l, o.outside("base", o.base.ref, "--base "+o.base.ref)
	}
	l.AddRef(o.base.ref)
	if path := o.origin.config.Path; path != "" {
		l.AddPath(path) // git may not track it
	}
	args, _ := flagvalue.JoinPairs(a.Args, pairFlags) // they were parsed before
	given := 0                                        // inputs that the command line overrides
	err = cmd.Flags().ParseAll(args, func(f *pflag.Flag, value string) error {
		switch {
		case f.Name == containerFlag, slices.Contains(stayOutside(), f.Name):
		case slices.Contains(pairFlags, "--"+f.Name):
			l.AddPair("--"+f.Name, flagvalue.SplitPair(value))
			if f.Name == "override-input" {
				given++
			}
		case takesPath(f):
			l.AddFile("--"+f.Name, value)
		case f.Name == "derivations-from":
			l.AddStore("--"+f.Name, value)
		default:
			l.Args = append(l.Args, "--"+f.Name+"="+value)
		}
		return nil
	})
	if err != nil {
		return l, err
	}
	for i, p := range o.nix.overrides {
		if inFile := i < len(o.nix.overrides)-given; inFile && l.Outside(p[1]) { // they come first
			return l, o.outside("override-input."+p[0], p[1], "--override-input "+p[0]+" "+p[1])
		}
		l.AddOverride(p[0], p[1])
	}
	l.Args = append(l.Args, inside.Results(stayOutside(), o.artifacts)...)
	return l, nil
}

// outside is the error for a folder of this machine that flakeci.toml must not take into a container.
func (o *runOptions) outside(key, ref, flag string) error {
	name, _, _ := strings.Cut(key, ".")
	err := o.origin.config.ErrorAt(key, "%s: %s is not in the folder of the flake, so it does not go into the container", name, config.Quoted(ref))
	err.Hint = "name it on the command line: " + flag
	return err
}

// stayOutside lists the flags about the report, which is rendered and shown on GitHub here.
func stayOutside() []string {
	flags := []string{"artifacts", "comment", "issue", "comment-key"}
	for _, form := range forms.All() {
		flags = append(flags, form.Flag)
	}
	return flags
}

// containerTerminal returns the terminal for the run in the container, nil if it must print lines.
func (a *App) containerTerminal(progress string) *container.Terminal {
	t, ok := terminal.Find(a.Stdin, a.Stderr, a.env)
	if !ok || progress != "live" && (progress != "auto" || a.env("CI") != "") {
		return nil
	}
	return &container.Terminal{In: t.In, Out: t.Out, Keep: func() func() { return views.Keep(t) }}
}

// insideCommand is what flakeci runs of itself in a container.
func (a *App) insideCommand() *cobra.Command {
	return &cobra.Command{
		Use: "in-container", Hidden: true, DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] != "run" {
				inside.Attend(cmd.Context(), a.Stdin)
				return nil
			}
			if err := inside.Prepare(cmd.Context(), ".", a.Env); err != nil {
				return err
			}
			a.Stdout = io.Discard // the report is shown outside
			again, _ := flagvalue.JoinPairs(args, pairFlags)
			root := a.rootCommand()
			root.SetArgs(again)
			err := root.ExecuteContext(cmd.Context())
			if errors.As(err, new(*nix.NotFoundError)) {
				return &container.Error{Msg: "the image has no Nix: " + err.Error(), Hint: "name an image that has: --in-container=IMAGE"}
			}
			return err
		},
	}
}
