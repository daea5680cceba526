package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/container/inside"
	"github.com/flakeci/flakeci/internal/container/pack"
	"github.com/flakeci/flakeci/internal/linuxbuild"
	"github.com/flakeci/flakeci/internal/safely"
	"github.com/flakeci/flakeci/result"
)

// Options say what to run and where.
type Options struct {
	// Image has Nix, or is Default.
	Image string
	// Getenv reads the environment, which may name the engine.
	Getenv func(string) string
	// Build says how to find a flakeci for Linux, apart from the architecture.
	Build linuxbuild.Options
	// Bring writes what the run needs.
	Bring func(ctx context.Context, w *pack.Writer) error
	// GitEnv is the environment for git, on this machine.
	GitEnv []string
	// Args are the arguments of flakeci run, Env its further environment, and Dir its working
	// directory.
	Args, Env []string
	Dir       string
	// Terminal is nil if the run must not use one.
	Terminal *Terminal
	// Print shows lines of the run, which may hold anything. Say shows a message of flakeci here.
	Print func(text string)
	Say   func(text string)
	// Artifacts gets the artifacts of the run.
	Artifacts *artifact.Folder
}

// Result is how a run in a container ended.
type Result struct {
	// Code is the exit code of flakeci in the container.
	Code int
	// Report is nil if the run made none.
	Report *result.Report
	// Artifacts are the paths of the files that were written.
	Artifacts []string
}

// programPath is where flakeci is in the container.
const programPath = "/flakeci/flakeci"

// endLimit is how long removing a container, or copying results after an interruption, may take.
const endLimit = time.Minute

// Run runs flakeci in a new container, and removes it. A context that ends interrupts the run,
// which then still reports.
func Run(ctx context.Context, o Options) (Result, error) {
	e, err := connect(ctx, o.Getenv)
	if err != nil {
		return Result{}, err
	}
	e.sweep(ctx, isDead)
	// An interruption may come while the engine creates the container.
	defer e.sweep(context.WithoutCancel(ctx), func(label string) bool { return label == runID() })
	b, err := e.create(ctx, o)
	defer b.remove(context.WithoutCancel(ctx))
	if err != nil {
		return Result{}, err
	}
	if err := b.bring(ctx, o); err != nil {
		return Result{}, fmt.Errorf("cannot copy the flake into the container: %w", err)
	}
	code, err := b.run(ctx, o)
	if err != nil {
		return Result{}, err
	}
	return b.results(context.WithoutCancel(ctx), code, o.Dir, o.Artifacts)
}

// slow is how long copying takes before flakeci says that it is at it.
const slow = 5 * time.Second

// bring copies in what the run needs.
func (b *box) bring(ctx context.Context, o Options) error {
	said := time.AfterFunc(slow, safely.Func(func() { o.Say("copying the flake into the container") }))
	defer said.Stop()
	return b.copyIn(ctx, func(to io.Writer) error {
		w := pack.New(to, o.GitEnv)
		return errors.Join(o.Bring(ctx, w), w.Close())
	})
}

// interruptOn passes the interruptions of a context on to the run until stop is called.
func (b *box) interruptOn(ctx context.Context, again <-chan struct{}) (stop func()) {
	over := make(chan struct{})
	safely.Go(func() {
		for _, signal := range []<-chan struct{}{ctx.Done(), again} {
			select {
			case <-signal:
				_, _ = b.attached.Conn.Write([]byte{inside.Interrupt}) // the run may have just ended
			case <-over:
				return
			}
		}
	})
	return func() { close(over) }
}
