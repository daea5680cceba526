package nix

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

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

// resolveError turns the error for a reference that names no flake into a [*NoFlakeError].
func (f *Flake) resolveError(err error) error {
	var e *nixlog.EvalError
	switch {
	case !errors.As(err, &e):
		return err
	case e.NotFetched() && strings.HasPrefix(e.Message, "program 'git' failed with exit code 129") && f.notOurs():
		// Nix 2.8 calls git diff, which says only that this is not a repository.
		return &nixlog.EvalError{Message: fmt.Sprintf("%s\nrepository path '%s' is not owned by current user", e.Message, f.Checkout)}
	case e.NoFlake():
		nf := &NoFlakeError{Ref: f.Ref, Reason: e.Message}
		if dir := f.given.Dir; strings.Contains(e.Message, "flake.nix") && dir != "" && exists(filepath.Join(dir, "flake.nix")) && f.inGit {
			nf.Untracked = "flake.nix"
		}
		return nf
	case e.MachineFault() == "" && e.NotFetched():
		e.Input = &nixlog.InputFault{URL: f.Ref}
	}
	return e
}

// notOurs reports whether the repository of the flake belongs to another user; git does not follow
// the settings of such a repository.
func (f *Flake) notOurs() bool {
	if !f.inGit {
		return false
	}
	for _, path := range []string{f.Checkout, filepath.Join(f.Checkout, ".git")} {
		st, err := os.Stat(path)
		if err != nil {
			return false
		}
		if sys, ok := st.Sys().(*syscall.Stat_t); ok && int(sys.Uid) != os.Geteuid() {
			return true
		}
	}
	return false
}
