package matrix

import (
	"errors"
	"math/rand"
	"slices"
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestContradiction(t *testing.T) {
	every := []string{"host", "user", "system", "vm"}
	plain := []result.Kind{result.KindNixOS, result.KindHome}
	for _, tt := range []struct {
		name string
		sel  Selection
		want string
	}{
		{"none", Selection{Hosts: []string{"reason"}, Kinds: plain, VMs: []string{"reason"}}, ""},
		{"a VM of another host", Selection{Hosts: []string{"laptop"}, Kinds: plain, VMs: []string{"reason"}}, "vm reason is left out by host"},
		{"one of two VMs", Selection{Hosts: []string{"laptop"}, Kinds: plain, VMs: []string{"laptop", "reason"}}, "vm reason is left out by host"},
		{"a VM and a user", Selection{Users: []string{"joachim"}, Kinds: plain, VMs: []string{"reason"}}, "vm reason is left out by user"},
		{"all VMs and a user", Selection{Users: []string{"joachim"}, Kinds: []result.Kind{result.KindHome, result.KindVM}}, "vm all is left out by user"},
		{"all VMs of a darwin host", Selection{Hosts: []string{"mac"}, Kinds: []result.Kind{result.KindDarwin, result.KindVM}}, "vm all is left out by host"},
		{"a VM and other cells", Selection{Cells: []string{"home/*"}, Kinds: plain, VMs: []string{"reason"}}, "vm reason is left out by cell"},
		{"a VM that is excluded", Selection{Exclude: []string{"vm/*"}, Kinds: plain, VMs: []string{"reason"}}, "vm reason is left out by exclude"},
		{"a host that is excluded", Selection{Hosts: []string{"laptop", "reason"}, Exclude: []string{"*reason*"}}, "host reason is left out by exclude"},
		{"a host of another kind", Selection{Hosts: []string{"reason", "mac"}, Kinds: []result.Kind{result.KindNixOS}}, "host mac is left out by kind"},
		{"a host without the user", Selection{Hosts: []string{"laptop", "reason"}, Users: []string{"work"}}, "host reason is left out by user"},
		{"a user without the host", Selection{Hosts: []string{"laptop"}, Users: []string{"work", "niri"}}, "user niri is left out by host"},
		{"by two filters", Selection{Hosts: []string{"reason", "laptop"}, Kinds: []result.Kind{result.KindNixOS, result.KindHome}, Exclude: []string{"nixos/laptop", "nixos/laptop/*", "home/joachim"}, Users: []string{"joachim"}},
			"host laptop is left out by user and exclude"},
		{"a system of no cell", Selection{Kinds: []result.Kind{result.KindNixOS}, Systems: []string{"x86_64-linux", "x86_64-darwin"}}, "system x86_64-darwin: the flake has nothing of that kind"},
		{"a kind that no host has", Selection{Hosts: []string{"reason"}, Kinds: []result.Kind{result.KindNixOS, result.KindCheck}}, ""},
	} {
		m := New(fleet())
		if tt.name == "a system of no cell" {
			m = New(Inventory{NixOS: []string{"reason"}})
		}
		if _, err := m.Select(tt.sel); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		err := m.Contradiction(tt.sel, every...)
		if got := errorText(err); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
		var e *ContradictionError
		if errors.As(err, &e) && m.Contradiction(tt.sel, slices.DeleteFunc(slices.Clone(every), func(f string) bool { return f == e.Filter })...) != nil {
			t.Errorf("%s: found in the filter %s, which should be ignored", tt.name, e.Filter)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Whatever is selected, each named host, user and VM has a cell in it or is a contradiction.
func TestNamesSelectSomethingOrContradict(t *testing.T) {
	check(t, func(inv anyInventory, seed int64) bool {
		m, r := New(inv.Inventory), rand.New(rand.NewSource(seed))
		s := anySelection(m, r)
		for _, host := range m.Grid.Hosts {
			if r.Intn(3) == 0 && Has(m.Cells, vmCell(host).ID) {
				s.VMs = append(s.VMs, host)
			}
		}
		selected, err := m.Select(s)
		if err != nil || m.Contradiction(s, "host", "user", "system", "vm") != nil {
			return true
		}
		for _, host := range s.Hosts {
			if !slices.ContainsFunc(selected.Cells, func(c result.Cell) bool { return slices.Contains(m.offer.rows(c), host) }) {
				t.Logf("host %s has no cell", host)
				return false
			}
		}
		for _, host := range s.VMs {
			if !Has(selected.Cells, vmCell(host).ID) {
				t.Logf("%s is not booted", host)
				return false
			}
		}
		return !slices.ContainsFunc(s.Users, func(user string) bool {
			return !slices.ContainsFunc(selected.Cells, func(c result.Cell) bool { return c.User == user })
		})
	})
}
