package view

import (
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestHeadline(t *testing.T) {
	for want, c := range map[string]result.Cause{
		"libfrob failed to build":            {Title: "libfrob failed to build", Cells: []string{"nixos/a"}},
		"the flake does not evaluate: x":     {Title: "does not evaluate: x"},
		"nixos/a does not evaluate: x":       {Title: "does not evaluate: x", Cells: []string{"nixos/a"}},
		"a, b and c do not evaluate: x":      {Title: "does not evaluate: x", Cells: []string{"a", "b", "c"}},
		"4 cells do not evaluate: x":         {Title: "does not evaluate: x", Cells: []string{"a", "b", "c", "d"}},
		"infra failure":                      {Kind: "infra"},
		"packages: does not evaluate: it is": {Title: "packages: does not evaluate: it is"},
	} {
		if got := Headline(c); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
