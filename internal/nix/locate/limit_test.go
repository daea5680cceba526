package locate

import (
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/flaketree"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
)

// An error with many assertions does not hold up a run, however much source the flake has.
func TestLimit(t *testing.T) {
	source := "/*" + strings.Repeat(" ", 1<<20)
	looks := 0
	tree := flaketree.Tree{
		Files: func() []string { return []string{"flake.nix"} },
		Read: func(string) string {
			looks++
			return source
		},
	}
	e := nixlog.EvalError{}
	for range 1000 {
		e.Assertions = append(e.Assertions, nixlog.Assertion{Text: "the option x.y is wrong"})
	}
	if got := (Failure{Err: &e}).Locate(tree); len(got.Assertions) != len(e.Assertions) {
		t.Errorf("%d assertions", len(got.Assertions))
	}
	if most := maxRead/len(source) + 2; looks < 2 || looks > most {
		t.Errorf("looked into files %d times, want at most %d", looks, most)
	}
}
