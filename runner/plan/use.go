package plan

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flakeci/flakeci/internal/nix"
	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
	"github.com/flakeci/flakeci/runner"
)

// Fits finds what a shard must have in common with its plan: the version of flakeci, and whether
// there is a base. The error is an [*UnusableError].
func (p *Plan) Fits(dir, version string, withBase bool) error {
	switch {
	case p.Tool.Version != version:
		return &UnusableError{dir, fmt.Sprintf("is from flakeci %s, but this is %s", p.Tool.Version, version), "use the same flakeci everywhere"}
	case p.Base != nil && !withBase:
		return &UnusableError{dir, "compares with a base", "give each job the --base that flakeci plan was given"}
	}
	return nil
}

// Use makes a flake answer from the plan, and returns what it offers. AtBase says that it is the
// flake as it was at the base. The error is an [*UnusableError] if the plan is of another flake, or
// if another version of Nix makes it look so.
func (p *Plan) Use(t *nix.Target, dir string, atBase bool, v nix.Version) (runner.Discovery, error) {
	s, what := &p.Head, "flake"
	if atBase {
		s, what = p.Base, "base"
	}
	hint := "give each job the revision and the flags that flakeci plan was given; without git, keep the plan outside of the flake"
	if here := v.String(); p.Nix.Version != here {
		// Nix 2.8 and 2.34 lock inputs with a relative path differently.
		hint = fmt.Sprintf("use the same Nix everywhere: the plan is from Nix %s, but this is %s", p.Nix.Version, here)
	}
	unusable := func(reason string) error { return &UnusableError{dir, reason, hint} }
	switch {
	case s == nil:
		return runner.Discovery{}, unusable("compares with no base")
	case s.Content != t.Flake.Content():
		return runner.Discovery{}, unusable(fmt.Sprintf("is of another %s: its files, its revision or its inputs differ", what))
	}
	t.Use(s.Answers)
	d := s.Offer()
	if !atBase {
		d.Matrix = p.withSystems(d.Matrix)
	}
	return d, nil
}

// withSystems adds the systems that evaluation found. They decide which homes may serve which host.
func (p *Plan) withSystems(m matrix.Matrix) matrix.Matrix {
	systems := map[string]string{}
	for _, c := range p.Cells {
		systems[c.ID] = c.System
	}
	var known []result.Cell
	for _, c := range m.Cells {
		if c.System == "" && systems[c.ID] != "" {
			c.System = systems[c.ID]
			known = append(known, c)
		}
	}
	return m.With(known...)
}

// Check finds cells that the plan has no derivation for. The error is an [*UnusableError].
func (p *Plan) Check(cells []result.Cell, dir string) error {
	pending := map[string]bool{}
	for _, c := range p.Cells {
		pending[c.ID] = c.Pending
	}
	for _, c := range cells {
		if !pending[c.ID] && !pending[c.PartOf] {
			return &UnusableError{dir, "does not say how to build " + c.ID, "give --shard an entry of the matrix that flakeci plan printed"}
		}
	}
	return nil
}

// Import copies the derivations for some cells into the store of the client, from the store at a
// URL or, without one, from the folder of the plan. The plan itself cannot name a store: Nix starts
// programs for some URLs, and whoever wrote the plan may be a stranger. The error is an
// [*ImportError].
func (p *Plan) Import(ctx context.Context, c *nix.Client, dir, from string, cells []result.Cell) error {
	wanted := map[string]bool{}
	for _, cell := range cells {
		wanted[cell.ID] = true
	}
	drvs := p.Derivations(func(id string) bool { return wanted[id] })
	load := func(store string) error { return c.CopyDerivations(ctx, store, "", drvs) }
	if from != "" {
		if err := load(from); err != nil {
			return &ImportError{from, "check that flakeci plan was given this store with --derivations-to", err}
		}
		return nil
	}
	if err := withStore(dir, load); err != nil {
		return &ImportError{
			filepath.Join(dir, storeDir),
			"check that the whole folder of the plan is here, with its folder store; if flakeci plan was given --derivations-to, give the same URL to --derivations-from", err,
		}
	}
	return nil
}

// Export copies the derivations of all pending cells to the store at a URL or, without one, into
// the folder of the plan.
func (p *Plan) Export(ctx context.Context, c *nix.Client, dir, to string) error {
	drvs := p.Derivations(nil)
	if len(drvs) == 0 {
		return nil
	}
	save := func(store string) error { return c.CopyDerivations(ctx, "", store, drvs) }
	if to != "" {
		if err := save(to); err != nil {
			return fmt.Errorf("cannot copy the derivations to %s: %w", to, err)
		}
		return nil
	}
	folder := filepath.Join(dir, storeDir)
	err := os.Mkdir(folder, 0o755)
	if err == nil {
		err = withStore(dir, func(store string) error { return save(store + "?compression=zstd") }) // derivations are text
	}
	if err != nil {
		return fmt.Errorf("cannot copy the derivations to %s: %w", folder, err)
	}
	return nil
}

// ImportError says that the derivations of a plan could not be copied into the store.
type ImportError struct {
	Store, Hint string
	Err         error
}

func (e *ImportError) Error() string {
	return fmt.Sprintf("cannot copy the derivations of the plan from %s: %v", e.Store, e.Err)
}

// Unwrap returns the reason.
func (e *ImportError) Unwrap() error { return e.Err }

// Cause returns the error as a cause, with a hint.
func (e *ImportError) Cause() *result.Cause {
	return &result.Cause{
		Kind: result.CauseInfra, Title: "cannot copy the derivations of the plan from " + e.Store, Message: e.Err.Error(), Hint: e.Hint,
	}
}
