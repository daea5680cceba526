package view

import (
	"math/rand"
	"slices"
	"strconv"
	"testing"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

// The grid of a report is the layout of the matrix, whatever a selection or a shard left
// out: where the home that serves a host was not run, no other takes its place.
func TestSheetIsTheMatrixsLayout(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	for range 500 {
		m := matrix.New(randomInventory(rng))
		m = m.With(withSystems(rng, m)...)
		m = randomPart(rng, m)
		s := NewLayout(Terminal().Report(reportOf(m)))
		rows := m.Rows()
		if len(s.Rows) != len(rows) {
			t.Fatalf("%d rows, want %d\n%+v", len(s.Rows), len(rows), m.Cells)
		}
		for i, want := range rows {
			got := s.Rows[i]
			if !slices.Equal(got.ids(), idsOfRow(want)) {
				t.Fatalf("row %s: got %v, want %v\n%+v", got.Title(), got.ids(), idsOfRow(want), m.Cells)
			}
			for _, user := range m.Grid.Users {
				homes := got.Homes[user]
				serves, run := m.Home(want.Host, user)
				switch {
				case want.NoHost:
				case run && homes[0].ID != serves.ID:
					t.Fatalf("%s × %s: got %v, want %s first", got.Title(), user, idsOf(homes), serves.ID)
				case !run && slices.ContainsFunc(homes, func(c result.Cell) bool { return c.Host == "" }):
					t.Fatalf("%s × %s: %v stands in for a home that was left out", got.Title(), user, idsOf(homes))
				}
			}
		}
		if got, want := s.every(), everyID(m); !slices.Equal(got, want) {
			t.Fatalf("cells of the sheet are %v, want %v", got, want)
		}
	}
}

// Cells whose ids are the same, as once a credential in them is masked, are all shown.
func TestSheetShowsCellsOfOneID(t *testing.T) {
	const id = "home/***"
	r := result.Report{Grid: result.Grid{Hosts: []string{"a", "b"}, Rows: []result.Row{{Host: "a", Cells: []string{id, id}}, {Host: "b", Cells: []string{id}}}}}
	for _, c := range []result.Cell{{User: "u"}, {User: "v"}, {User: "u", Host: "a"}, {User: "u", Host: "b"}, {User: "u", Host: "c"}} {
		c.ID, c.Kind, c.Status = id, "home", result.Passed
		r.Cells = append(r.Cells, c)
	}
	r.Cells = append(r.Cells, result.Cell{ID: id, Kind: "home", User: "v", Status: result.Failed})
	var got []string
	for _, w := range NewLayout(r).Rows {
		for _, user := range []string{"u", "v"} {
			for _, c := range w.Homes[user] {
				got = append(got, w.Title()+" "+c.User+"@"+c.Host+" "+string(c.Status))
			}
		}
	}
	want := []string{
		"a u@ passed", "a u@a passed", "a v@ failed",
		"b u@ passed", "b u@b passed", "b v@ failed", "c u@c passed",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A report may name many cells and rows: laying it out compares none of them with all others.
func TestSheetOfALongReport(t *testing.T) {
	const many = 100_000
	r := result.Report{}
	for i := range many {
		id := "nixos/" + strconv.Itoa(i)
		r.Cells = append(r.Cells, result.Cell{ID: id, Kind: "nixos", Host: strconv.Itoa(i)}, result.Cell{ID: "home/x", Kind: "home", User: "x"})
		r.Grid.Hosts = append(r.Grid.Hosts, strconv.Itoa(i))
		r.Grid.Rows = append(r.Grid.Rows, result.Row{Host: "h" + strconv.Itoa(i), Cells: []string{"home/x"}})
	}
	for i := range many {
		r.Grid.Rows[0].Cells = append(r.Grid.Rows[0].Cells, "nixos/"+strconv.Itoa(i))
	}
	s := NewLayout(r)
	if len(s.Rows[0].System) != many || len(s.Rows) != 2*many {
		t.Errorf("%d rows, %d systems in the first", len(s.Rows), len(s.Rows[0].System))
	}
}

// randomPart gives a matrix, a shard of it, or what a selection leaves.
func randomPart(rng *rand.Rand, m matrix.Matrix) matrix.Matrix {
	if len(m.Cells) == 0 {
		return m
	}
	var s matrix.Selection
	some := m.Cells[rng.Intn(len(m.Cells))]
	switch rng.Intn(5) {
	case 0:
		return m
	case 1:
		n := 1 + rng.Intn(3)
		return m.Shard(1+rng.Intn(n), n)
	case 2:
		s.Cells = []string{some.ID}
	case 3:
		s.Exclude = []string{some.ID}
	case 4:
		s.Users = []string{"joachim"}
	}
	part, err := m.Select(s)
	if err != nil {
		return m
	}
	return part
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

func reportOf(m matrix.Matrix) result.Report {
	r := result.Report{Grid: m.Layout()}
	for _, c := range m.Cells {
		r.Cells = append(r.Cells, result.Cell{
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

func (w Row) ids() []string {
	var ids []string
	for _, cells := range w.Homes {
		ids = append(ids, idsOf(cells)...)
	}
	return sorted(append(append(ids, idsOf(w.System)...), idsOf(w.VM)...))
}

// every lists the ids of all cells that a sheet shows.
func (s *Layout) every() []string {
	ids := idsOf(s.Others)
	for _, w := range s.Rows {
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

func idsOf(cells []result.Cell) []string {
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
