package reports

import (
	"math/rand"
	"slices"
	"testing"

	"github.com/flakeci/flakeci/matrix"
)

// A sink sees no more than a report, so it works out anew which home serves
// which host. This holds it against the matrix, which knows.
func TestSheetAgreesWithTheMatrix(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	for range 500 {
		m := matrix.New(randomInventory(rng))
		m = m.With(withSystems(rng, m)...)
		s := newSheet(terminal().report(reportOf(m)))
		rows := m.Rows()
		for i, host := range m.Grid.Hosts {
			want, got := idsOfRow(rows[i]), s.rows[i].ids()
			if s.rows[i].name != host || !slices.Equal(got, want) {
				t.Fatalf("row %s: got %v, want %v\n%+v", host, got, want, m.Cells)
			}
		}
		if got, want := s.every(), everyID(m); !slices.Equal(got, want) {
			t.Fatalf("cells of the sheet are %v, want %v", got, want)
		}
	}
}

func randomInventory(rng *rand.Rand) matrix.Inventory {
	some := func(names ...string) []string {
		return slices.DeleteFunc(names, func(string) bool { return rng.Intn(2) == 0 })
	}
	inv := matrix.Inventory{NixOS: some("laptop", "reason", "a/b"), Darwin: some("mac")}
	for _, key := range some("joachim", "work", "a/b", "joachim@reason", "work@laptop", "work@attic", "minimal", "joachim@mac") {
		inv.Homes = append(inv.Homes, matrix.Home{Key: key})
	}
	for _, system := range some("x86_64-linux", "aarch64-linux", "aarch64-darwin") {
		for _, key := range some("joachim", "work", "work@laptop") {
			inv.Homes = append(inv.Homes, matrix.Home{Key: key, System: system})
		}
	}
	for _, host := range inv.NixOS {
		for _, user := range some("joachim", "work") {
			inv.Embedded = append(inv.Embedded, matrix.Embedded{Host: host, User: user})
		}
	}
	for _, name := range some("fmt", "lint") {
		inv.Checks = append(inv.Checks, matrix.Output{System: "x86_64-linux", Name: name})
	}
	return inv
}

// withSystems gives some of the hosts the system that their evaluation told.
func withSystems(rng *rand.Rand, m matrix.Matrix) []matrix.Cell {
	var known []matrix.Cell
	for _, c := range m.Cells {
		if c.Kind == matrix.KindNixOS && rng.Intn(2) == 0 {
			c.System = []string{"x86_64-linux", "aarch64-linux"}[rng.Intn(2)]
			known = append(known, c)
		}
	}
	return known
}

func reportOf(m matrix.Matrix) Report {
	r := Report{Grid: Grid{Hosts: m.Grid.Hosts, Users: m.Grid.Users, Orphans: m.Grid.Orphans}}
	for _, c := range m.Cells {
		r.Cells = append(r.Cells, Cell{
			ID: c.ID, Kind: string(c.Kind), Host: c.Host, User: c.User, System: c.System, Attr: c.Attr, PartOf: c.Part,
		})
	}
	return r
}

func idsOfRow(row matrix.Row) []string {
	var ids []string
	for _, c := range append(append(row.Homes, row.Others...), row.System, row.VM) {
		if c != nil {
			ids = append(ids, c.ID)
		}
	}
	return sorted(ids)
}

func (w row) ids() []string {
	var ids []string
	for _, cells := range w.homes {
		ids = append(ids, idsOf(cells)...)
	}
	return sorted(append(append(ids, idsOf(w.system)...), idsOf(w.vm)...))
}

// every lists the ids of all cells that a sheet shows.
func (s *sheet) every() []string {
	ids := idsOf(s.others)
	for _, w := range s.rows {
		ids = append(ids, w.ids()...)
	}
	return sorted(ids)
}

func everyID(m matrix.Matrix) []string {
	var ids []string
	for _, c := range m.Cells {
		ids = append(ids, c.ID)
	}
	return sorted(ids)
}

func idsOf(cells []Cell) []string {
	var ids []string
	for _, c := range cells {
		ids = append(ids, c.ID)
	}
	return ids
}

func sorted(ids []string) []string {
	slices.Sort(ids)
	return slices.Compact(ids)
}
