package matrix

import (
	"slices"
	"testing"

	"github.com/flakeci/flakeci/result"
)

// The other shards are described without paths, and each shard of a large fleet names others.
func TestDescribe(t *testing.T) {
	m := New(fleet())
	part := m.Shard(1, 2)
	s := m.Describe(part, 1, 2)
	named := append(ids(part.Cells), ids(s.Others)...)
	slices.Sort(named)
	all := ids(m.Cells)
	slices.Sort(all)
	if s.String() != "1/2" || !slices.Equal(named, all) {
		t.Errorf("%s and the others are %q", s, named)
	}
	for _, c := range s.Others {
		if c.Path != nil {
			t.Errorf("%s has a path", c.ID)
		}
	}
	if none := m.Describe(m, 1, 1); none.Others != nil {
		t.Errorf("others than all: %q", ids(none.Others))
	}
	if s := (Matrix{}).Describe(Matrix{}, 2, 3); s.String() != "2/3" || s.Others != nil {
		t.Errorf("without cells: %+v", s)
	}
	if m.Describe(m, 0, 0) != nil {
		t.Error("there are no shards")
	}
	large, named := New(big(500)), nil
	for i := 1; i <= 8; i++ {
		part := large.Shard(i, 8)
		s := large.Describe(part, i, 8)
		if len(s.Others) != maxOthers {
			t.Errorf("shard %s names %d others", s, len(s.Others))
		}
		for _, c := range s.Others {
			if Has(part.Cells, c.ID) {
				t.Errorf("shard %s names its own %s", s, c.ID)
			}
			named = append(named, c.ID)
		}
	}
	slices.Sort(named)
	if n := len(slices.Compact(named)); n < len(large.Cells)*9/10 {
		t.Errorf("together they name only %d of %d", n, len(large.Cells))
	}
}

func TestKey(t *testing.T) {
	m := New(fleet())
	part := m.Shard(1, 2)
	if m.Key() != New(shuffledFleet()).Key() || m.Key() == part.Key() || m.Key() != Key(m.Cells) {
		t.Error("the key is not that of the cells")
	}
}

func shuffledFleet() Inventory {
	inv := fleet()
	slices.Reverse(inv.NixOS)
	slices.Reverse(inv.Homes)
	return inv
}

// What a report says of two divisions of a flake is laid out as if it had been one run.
func TestUnite(t *testing.T) {
	check(t, func(inv anyInventory, count uint8) bool {
		// Only the shard of a host knows what it says, and only that of a bare home whether another
		// one comes after it.
		inv.Infos = nil
		for i := range inv.Homes {
			inv.Homes[i].System, inv.Homes[i].Username = "", ""
		}
		m, n := New(inv.Inventory), 1+int(count)%9
		var grids []result.Grid
		for i := 1; i <= n; i++ {
			grids = append(grids, m.Shard(i, n).Layout())
		}
		got, want := Unite(grids, m.Cells), m.Layout()
		rows := func(g result.Grid) (all []string) {
			for _, row := range g.Rows {
				cells := slices.Clone(row.Cells)
				slices.Sort(cells) // a host's homes may be in several shards, none of which knows their order
				all = append(all, append([]string{row.Host}, cells...)...)
			}
			return all
		}
		return equal(got.Hosts, want.Hosts) && equal(got.Users, want.Users) && equal(got.Orphans, want.Orphans) && equal(rows(got), rows(want))
	})
}

// Without any grid, cells get a row by their host.
func TestUniteWithoutGrids(t *testing.T) {
	m := New(fleet())
	g := Unite(nil, m.Cells)
	placed := map[string]bool{}
	for _, row := range g.Rows {
		for _, id := range row.Cells {
			placed[id] = true
		}
	}
	for _, c := range m.Cells {
		if inGrid(c) != placed[c.ID] {
			t.Errorf("%s: placed %t", c.ID, placed[c.ID])
		}
	}
}

func TestAttrLength(t *testing.T) {
	for _, path := range [][]string{{"a"}, {"a", "b.c", "d"}, {`a"b`, `c\`, "d.e"}, {"a", "", "x y"}} {
		if n := attrLength(quoteAttr(path)); n != len(path) {
			t.Errorf("%s has %d names", quoteAttr(path), n)
		}
	}
}
