package matrix

import (
	"encoding/json"
	"math/rand"
	"reflect"
	"slices"
	"testing"
	"testing/quick"

	"github.com/flakeci/flakeci/result"
)

// anyInventory is an inventory from testing/quick. Its names are odd, and so few that they often
// coincide.
type anyInventory struct{ Inventory }

func (anyInventory) Generate(r *rand.Rand, size int) reflect.Value {
	inv := Inventory{NixOS: names(r, size), Darwin: names(r, size/4), Checks: outputs(r, size), Packages: outputs(r, size),
		DevShells: outputs(r, size), Formatters: names(r, 3),
		Colmena: names(r, 2), Nested: outputs(r, 2), Droid: names(r, 2), Managed: outputs(r, 2)}
	for range r.Intn(size + 1) {
		h := Home{Key: name(r), System: system(r)}
		if r.Intn(2) == 0 {
			h.Key += "@" + name(r)
		}
		if r.Intn(2) == 0 {
			h.Username = name(r)
		}
		inv.Homes = append(inv.Homes, h)
	}
	for range r.Intn(size + 1) {
		inv.Embedded = append(inv.Embedded, Embedded{Host: name(r), User: name(r)})
	}
	inv.Infos = map[string]result.HostInfo{}
	for range r.Intn(size + 1) {
		inv.Infos[name(r)] = result.HostInfo{HostName: name(r), FQDN: name(r), Accounts: names(r, 2)}
	}
	return reflect.ValueOf(anyInventory{inv})
}

func name(r *rand.Rand) string {
	all := append(oddNames(), "reason", "laptop", "joachim", "work")
	return all[r.Intn(len(all))]
}

func names(r *rand.Rand, limit int) (list []string) {
	for range r.Intn(limit + 1) {
		list = append(list, name(r))
	}
	return list
}

func system(r *rand.Rand) string {
	all := []string{"", "", "x86_64-linux", "aarch64-linux", "aarch64-darwin"}
	return all[r.Intn(len(all))]
}

func outputs(r *rand.Rand, limit int) (list []Output) {
	for range r.Intn(limit + 1) {
		list = append(list, Output{system(r), name(r)})
	}
	return list
}

// shuffled returns the same inventory in another order.
func shuffled(inv Inventory, r *rand.Rand) Inventory {
	mix(r, &inv.NixOS)
	mix(r, &inv.Colmena)
	mix(r, &inv.Nested)
	mix(r, &inv.Droid)
	mix(r, &inv.Managed)
	mix(r, &inv.Darwin)
	mix(r, &inv.Homes)
	mix(r, &inv.Embedded)
	mix(r, &inv.Checks)
	mix(r, &inv.Packages)
	mix(r, &inv.DevShells)
	mix(r, &inv.Formatters)
	return inv
}

func mix[T any](r *rand.Rand, list *[]T) {
	*list = slices.Clone(*list)
	r.Shuffle(len(*list), reflect.Swapper(*list))
}

// anySelection selects names that a matrix has, so that it mostly leaves something.
func anySelection(m Matrix, r *rand.Rand) Selection {
	some := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(string) bool { return r.Intn(2) == 0 })
	}
	var s Selection
	switch r.Intn(5) {
	case 0:
		s.Hosts = some(m.Grid.Hosts)
	case 1:
		s.Users = some(m.Grid.Users)
	case 2:
		s.Kinds = result.Kinds()[:1+r.Intn(7)]
	case 3:
		s.Cells = some(ids(m.Cells))
	}
	switch r.Intn(4) {
	case 0:
		s.Exclude = []string{"*a*"}
	case 1:
		s.Systems = []string{"x86_64-linux"}
	case 2:
		s.Exclude = some(ids(m.Cells))
	}
	return s
}

func check(t *testing.T, property any) {
	t.Helper()
	if err := quick.Check(property, &quick.Config{MaxCount: 100}); err != nil {
		t.Error(err)
	}
}

func TestOrderOfTheInventoryDoesNotMatter(t *testing.T) {
	check(t, func(inv anyInventory, seed int64) bool {
		a, b := New(inv.Inventory), New(shuffled(inv.Inventory, rand.New(rand.NewSource(seed))))
		return reflect.DeepEqual(a, b) && draw(a) == draw(b)
	})
}

func TestIDsAndAttrsAreUnique(t *testing.T) {
	check(t, func(inv anyInventory) bool {
		ids, attrs := map[string]bool{}, map[string]bool{}
		for _, c := range New(inv.Inventory).Cells {
			if ids[c.ID] || attrs[c.Attr] {
				t.Logf("%s is there twice, or %s", c.ID, c.Attr)
				return false
			}
			ids[c.ID], attrs[c.Attr] = true, true
		}
		return true
	})
}

func TestEveryHomeIsThereOnce(t *testing.T) {
	check(t, func(inv anyInventory) bool {
		count := map[string]int{}
		m := New(inv.Inventory)
		for _, c := range m.Cells {
			if c.Kind == result.KindHome {
				count[quoteAttr(c.Path)]++
			}
		}
		want := map[string]int{}
		for _, h := range inv.Homes {
			want[homeCell(h, false).Attr] = 1
		}
		for _, c := range embeddedCells(inv.Inventory) {
			want[c.Attr] = 1
		}
		return reflect.DeepEqual(count, want)
	})
}

func TestEveryHostAndHomeHasARow(t *testing.T) {
	check(t, func(inv anyInventory, seed int64) bool {
		m := New(inv.Inventory)
		if s, err := m.Select(anySelection(m, rand.New(rand.NewSource(seed)))); err == nil {
			m = s
		}
		shown := map[string]bool{}
		for _, row := range m.rows() {
			for _, c := range append(append(row.Homes, row.Others...), row.System, row.VM) {
				if c != nil {
					shown[c.ID] = true
				}
			}
		}
		for _, c := range m.Cells {
			grid := c.Kind.IsHost() || c.Kind == result.KindVM || c.Kind == result.KindHome
			if grid != shown[c.ID] {
				t.Logf("%s: shown %v", c.ID, shown[c.ID])
				return false
			}
		}
		return true
	})
}

func TestSelectIsASubsetAndIdempotent(t *testing.T) {
	check(t, func(inv anyInventory, seed int64) bool {
		m := New(inv.Inventory)
		s := anySelection(m, rand.New(rand.NewSource(seed)))
		once, err := m.Select(s)
		if err != nil {
			return true
		}
		for _, c := range once.Cells {
			if !Has(m.Cells, c.ID) {
				return false
			}
		}
		twice, err := once.Select(s)
		return err == nil && reflect.DeepEqual(once, twice)
	})
}

func TestEveryPlaceOfTheGridAgreesWithHome(t *testing.T) {
	check(t, func(inv anyInventory) bool {
		m := New(inv.Inventory)
		for _, row := range m.rows() {
			for i, user := range m.Grid.Users {
				c, found := m.Home(row.Host, user)
				if !row.NoHost && (found != (row.Homes[i] != nil) || found && c.ID != row.Homes[i].ID) {
					return false
				}
			}
		}
		return true
	})
}

func TestShardsAreAPartition(t *testing.T) {
	check(t, func(inv anyInventory, count uint8) bool {
		m, n := New(inv.Inventory), 1+int(count)%9
		var cells []result.Cell
		for i := 1; i <= n; i++ {
			cells = append(cells, m.Shard(i, n).Cells...)
		}
		slices.SortFunc(cells, Compare)
		return equal(ids(cells), ids(m.Cells))
	})
}

func TestEveryIDSelectsItself(t *testing.T) {
	check(t, func(inv anyInventory, which uint16) bool {
		m := New(inv.Inventory)
		if len(m.Cells) == 0 {
			return true
		}
		id := m.Cells[int(which)%len(m.Cells)].ID
		got, err := m.Select(Selection{Cells: []string{id}})
		return err == nil && Has(got.Cells, id)
	})
}

// What hosts say may become known at any time.
func TestInfosMayComeLate(t *testing.T) {
	check(t, func(inv anyInventory) bool {
		late := inv.Inventory
		late.Infos = nil
		a, b := New(inv.Inventory), New(late).WithInfos(inv.Infos)
		return reflect.DeepEqual(a.Cells, b.Cells) && reflect.DeepEqual(a.Grid, b.Grid) && draw(a) == draw(b)
	})
}

func TestAHostsKeyGoesFirst(t *testing.T) {
	check(t, func(inv anyInventory) bool {
		for _, c := range New(inv.Inventory).Cells {
			if !namesHost(c) {
				continue
			}
			_, named := splitKey(homeKey(c))
			isKey := slices.Contains(inv.NixOS, named) || slices.Contains(inv.Darwin, named)
			if isKey && c.Host != named {
				t.Logf("%s is on %s", c.ID, c.Host)
				return false
			}
		}
		return true
	})
}

func TestJSONIsStable(t *testing.T) {
	check(t, func(inv anyInventory, seed int64) bool {
		a, errA := json.Marshal(New(inv.Inventory))
		b, errB := json.Marshal(New(shuffled(inv.Inventory, rand.New(rand.NewSource(seed)))))
		return errA == nil && errB == nil && string(a) == string(b)
	})
}
