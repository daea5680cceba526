package nix

import (
	"github.com/flakeci/flakeci/internal/nix/locate"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
)

// Locate returns the error of a failure with the place in the flake to change.
func (t *Target) Locate(f locate.Failure) *nixlog.EvalError {
	tree := t.Flake.tree()
	tree.Redact = t.client.redact
	return f.Locate(tree)
}
