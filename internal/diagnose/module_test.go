package diagnose_test

import (
	"slices"
	"testing"

	"github.com/flakeci/flakeci/internal/diagnose"
	"github.com/flakeci/flakeci/internal/nix/modulesystem"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
)

// Hosts that import the same two modules in another order have one cause.
func TestKeyOfModules(t *testing.T) {
	definitions := []modulesystem.Definition{{File: "a.nix", Value: "1"}, {File: "b.nix", Value: "2"}}
	key := func() string {
		module := modulesystem.Error{Kind: modulesystem.Conflict, Option: "my.port", Definitions: definitions}
		return diagnose.Eval(&nixlog.EvalError{Message: "conflict", Module: &module}).Key
	}
	first := key()
	slices.Reverse(definitions)
	if second := key(); first == "" || second != first {
		t.Errorf("the keys are %q and %q", first, second)
	}
}
