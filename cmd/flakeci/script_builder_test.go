package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flakeci/flakeci/internal/test/remote"
)

// builderKey is the key of a script's second machine.
type builderKey struct{}

// scriptBuilder is the second machine of a script, if it has started one.
type scriptBuilder struct {
	tb      testing.TB
	machine *remote.Machine
}

// builder starts a second machine, which the script reaches as ssh://builder or ssh-ng://builder,
// and under other names where something is amiss: refused, nowhere, stranger, unverified,
// locked, silent. On it,
// "builder full" gives it a small disk, "builder without-nix" removes Nix, "builder distrusts"
// makes it distrust its user, and "builder vanishes" cuts its connections once a builder has made
// /flag/begun, and then makes /flag/cut.
func builder(ts *testscript.TestScript, _ bool, args []string) {
	b, ok := ts.Value(builderKey{}).(*scriptBuilder)
	if !ok {
		ts.Fatalf("no builder")
	}
	if len(args) == 0 {
		b.machine = remote.Start(b.tb, ts.Getenv("FLAKECI_NIX"))
		ts.Setenv("NIX_SSHOPTS", b.machine.Options())
		ts.Setenv("REMOTE", b.machine.Dir())
		return
	}
	switch args[0] {
	case "full":
		b.machine.Fill(b.tb)
	case "without-nix":
		b.machine.RemoveNix(b.tb)
	case "distrusts":
		b.machine.Distrust(b.tb)
	case "vanishes":
		b.machine.Vanish(b.tb)
	default:
		ts.Fatalf("unknown %s", args[0])
	}
}
