package view

import (
	"math/rand"
	"slices"
	"strconv"
	"testing"

	"github.com/flakeci/flakeci/matrix"
	"github.com/flakeci/flakeci/result"
)

// The layout of a report is that of its matrix, whatever a selection or a shard left out. If
// the home that serves a host was left out, no other home takes its place.
func TestLayoutFollowsTheMatrix(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	for range 500 {
		m := matrix.New(randomInventory(rng))
		m = m.With(withSystems(rng, m)...)
		m = randomPart(rng, m)
		layout := NewLayout(Terminal().Report(reportOf(m)))
		rows := m.Layout().Rows
		var anywhere []string
		if n := len(rows); n > 0 && rows[n-1].NoHost {
			anywhere, rows = rows[n-1].Cells, rows[:n-1]
		}
		if got := idsOf(layout.Anywhere); !slices.Equal(got, anywhere) {
			t.Fatalf("anywhere are %v, want %v\n%+v", got, anywhere, m.Cells)
		}
		if len(layout.Rows) != len(rows) {
			t.Fatalf("%d rows, want %d\n%+v", len(layout.Rows), len(rows), m.Cells)
		}
		for i, want := range rows {
			got := layout.Rows[i]
			if !slices.Equal(got.ids(), sorted(want.Cells)) {
				t.Fatalf("row %s: got %v, want %v\n%+v", got.Title(), got.ids(), sorted(want.Cells), m.Cells)
			}
			for _, user := range m.Grid.Users {
				homes := got.Homes[user]
				serves, run := m.Home(want.Host, user)
				switch {
				case run && homes[0].ID != serves.ID:
					t.Fatalf("%s × %s: got %v, want %s first", got.Title(), user, idsOf(homes), serves.ID)
				case !run && slices.ContainsFunc(homes, func(c result.CellResult) bool { return c.Host == "" }):
					t.Fatalf("%s × %s: %v stands in for a home that was left out", got.Title(), user, idsOf(homes))
				}
			}
		}
		if got, want := layout.ids(), allIDs(m); !slices.Equal(got, want) {
			t.Fatalf("the layout has the cells %v, want %v", got, want)
		}
	}
}

// Cells may have the same id once a credential in it is masked. All of them are shown.
func TestLayoutShowsCellsWithTheSameID(t *testing.T) {
	const id = "home/***"
	r := result.Report{Grid: result.Grid{Hosts: []string{"a", "b"}, Rows: []result.Row{{Host: "a", Cells: []string{id, id}}, {Host: "b", Cells: []string{id}}}}}
	for _, c := range []result.CellResult{{Cell: result.Cell{User: "u"}}, {Cell: result.Cell{User: "v"}}, {Cell: result.Cell{User: "u", Host: "a"}}, {Cell: result.Cell{User: "u", Host: "b"}}, {Cell: result.Cell{User: "u", Host: "c"}}} {
		c.ID, c.Kind, c.Status = id, "home", result.Passed
		r.Cells = append(r.Cells, c)
	}
	r.Cells = append(r.Cells, result.CellResult{Cell: result.Cell{ID: id, Kind: "home", User: "v"}, Status: result.Failed})
	var got []string
	for _, row := range NewLayout(r).Rows {
		for _, user := range []string{"u", "v"} {
			for _, c := range row.Homes[user] {
				got = append(got, row.Title()+" "+c.User+"@"+c.Host+" "+string(c.Status))
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

// A report may have many cells and rows. Laying it out takes time in proportion to them.
func TestLayoutOfALongReport(t *testing.T) {
	const many = 100_000
	r := result.Report{}
	for i := range many {
		id := "nixos/" + strconv.Itoa(i)
		r.Cells = append(r.Cells, result.CellResult{Cell: result.Cell{ID: id, Kind: "nixos", Host: strconv.Itoa(i)}}, result.CellResult{Cell: result.Cell{ID: "home/x", Kind: "home", User: "x"}})
		r.Grid.Hosts = append(r.Grid.Hosts, strconv.Itoa(i))
		r.Grid.Rows = append(r.Grid.Rows, result.Row{Host: "h" + strconv.Itoa(i), Cells: []string{"home/x"}})
	}
	for i := range many {
		r.Grid.Rows[0].Cells = append(r.Grid.Rows[0].Cells, "nixos/"+strconv.Itoa(i))
	}
	rows := NewLayout(r).Rows
	if len(rows[0].System) != many || len(rows) != 2*many {
		t.Errorf("%d rows, %d systems in the first", len(rows), len(rows[0].System))
	}
}

// randomPart returns a matrix, a shard of it, or a selection from it.
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

// withSystems sets the system of some hosts, as their evaluation does.
func withSystems(rng *rand.Rand, m matrix.Matrix) []result.Cell {
	var known []result.Cell
	for _, c := range m.Cells {
		if c.Kind == result.KindNixOS && rng.Intn(2) == 0 {
			c.System = []string{"x86_64-linux", "aarch64-linux"}[rng.Intn(2)]
			known = append(known, c)
		}
	}
	return known
}

func reportOf(m matrix.Matrix) result.Report {
	r := result.Report{Grid: m.Layout()}
	for _, c := range m.Cells {
		r.Cells = append(r.Cells, result.CellResult{
			Cell: result.Cell{ID: c.ID, Kind: c.Kind, Host: c.Host, User: c.User, System: c.System, Attr: c.Attr, PartOf: c.PartOf},
		})
	}
	return r
}

func (r Row) ids() []string {
	var ids []string
	for _, cells := range r.Homes {
		ids = append(ids, idsOf(cells)...)
	}
	return sorted(append(append(ids, idsOf(r.System)...), idsOf(r.VM)...))
}

// ids returns the ids of all cells in the layout.
func (l *Layout) ids() []string {
	ids := slices.Concat(idsOf(l.Others), idsOf(l.Anywhere))
	for _, row := range l.Rows {
		ids = append(ids, row.ids()...)
	}
	return sorted(ids)
}

func allIDs(m matrix.Matrix) []string {
	var ids []string
	for _, c := range m.Cells {
		ids = append(ids, c.ID)
	}
	return sorted(ids)
}

func idsOf(cells []result.CellResult) []string {
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
