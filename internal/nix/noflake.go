package nix

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/flakeci/flakeci/internal/nix/nixlog"
)

// NoFlakeError reports a reference to something that is not a flake.
type NoFlakeError struct {
	Ref, Reason string
	// Input is the input that the reference overrides. It is empty for the flake itself.
	Input string
	// Untracked is "flake.nix" if that file exists but git does not track it.
	Untracked string
}

func (e *NoFlakeError) Error() string {
	if e.Input != "" {
		return fmt.Sprintf("input %s: nothing at %s: %s", e.Input, e.Ref, e.Reason)
	}
	return fmt.Sprintf("no flake at %s: %s", e.Ref, e.Reason)
}

// resolveError makes a [*NoFlakeError] of the error for a reference to no flake.
func (f *Flake) resolveError(err error) error {
	var e *nixlog.EvalError
	switch {
	case !errors.As(err, &e):
		return err
	case e.NoFlake():
		nf := &NoFlakeError{Ref: f.Ref, Reason: e.Message}
		if dir := f.given.Dir; strings.Contains(e.Message, "flake.nix") && dir != "" && exists(filepath.Join(dir, "flake.nix")) && f.inGit {
			nf.Untracked = "flake.nix"
		}
		return nf
	case e.NotFetched():
		e.Input = &nixlog.InputFault{URL: f.Ref}
	}
	return e
}
