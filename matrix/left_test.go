package matrix

import (
	"math/rand"
	"slices"
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestLeftOut(t *testing.T) {
	s := Selection{Kinds: []result.Kind{result.KindNixOS, result.KindHome}, Hosts: []string{"reason", "laptop"}, Exclude: []string{"nixos/laptop*"}}
	got := ""
	for _, l := range New(fleet()).LeftOut(s) {
		got += l.Filter + ":"
		for _, c := range l.Cells {
			if c.Kind != l.Kind {
				t.Errorf("%s is not a %s", c.ID, l.Kind)
			}
			got += " " + c.ID
		}
		got += "\n"
	}
	want := `kind: darwin/mac
kind: check/x86_64-linux/fmt
kind: package/aarch64-linux/tool package/x86_64-linux/tool
kind: devshell/x86_64-linux/default
kind: formatter/x86_64-linux
host: darwin/mac/home/joachim home/niri-desktop home/work@attic
exclude: nixos/laptop
exclude: nixos/laptop/home/eve
`
	if got != want {
		t.Errorf("got\n%s", got)
	}
}

// Every cell is selected, left out by one filter, or a VM that was not requested.
func TestEveryCellIsSelectedOrLeftOut(t *testing.T) {
	check(t, func(inv anyInventory, seed int64) bool {
		m := New(inv.Inventory)
		s := anySelection(m, rand.New(rand.NewSource(seed)))
		selected, err := m.Select(s)
		if err != nil {
			return true
		}
		there := slices.Clone(selected.Cells)
		for _, l := range m.LeftOut(s) {
			there = append(there, l.Cells...)
		}
		for _, c := range m.Cells {
			if c.Kind == result.KindVM && !s.wantsKind(c) && len(s.Kinds) > 0 {
				there = append(there, c)
			}
		}
		slices.SortFunc(there, Compare)
		return equal(ids(there), ids(m.Cells))
	})
}

func TestUnmatched(t *testing.T) {
	m, err := New(fleet()).Select(Selection{Hosts: []string{"reason"}})
	if err != nil {
		t.Fatal(err)
	}
	got := m.Unmatched([]string{"nixos/laptop", "home/nobody*", "*", "[a"})
	if !equal(got, []string{"home/nobody*", "[a"}) {
		t.Errorf("got %q", got)
	}
}

func TestMayMatchPrefix(t *testing.T) {
	for pattern, want := range map[string]bool{
		"nixos/reason/home/eve": true, "nixos/reason": true, "nixos/*": true, "*": true, "n?xos": true, "": true,
		"home/*": false, "nixos/laptop/*": false, "nixos/reason/x*": false,
	} {
		g, err := ParseGlob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.MayMatchPrefix("nixos/reason/home/"); got != want {
			t.Errorf("%s: %v", pattern, got)
		}
	}
}
