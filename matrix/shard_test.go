package matrix

import (
	"errors"
	"fmt"
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestParseShard(t *testing.T) {
	if i, n, err := ParseShard("2/4"); i != 2 || n != 4 || err != nil {
		t.Errorf("got %d, %d, %v", i, n, err)
	}
	for _, text := range []string{"", "1", "0/4", "5/4", "1/0", "-1/-1", "a/b", "1/2/3", " 1/2", "1/99999999999999999999"} {
		_, _, err := ParseShard(text)
		var e *ShardError
		if !errors.As(err, &e) || e.Text != text {
			t.Errorf("%q gives %v", text, err)
		}
	}
}

func TestShardOutOfRangeIsEmpty(t *testing.T) {
	m := New(fleet())
	for _, s := range [][2]int{{0, 4}, {5, 4}, {1, 0}, {1, -1}, {-1, 3}} {
		if got := m.Shard(s[0], s[1]); len(got.Cells) != 0 || len(got.Grid.Hosts) != 0 {
			t.Errorf("shard %d of %d has %q", s[0], s[1], ids(got.Cells))
		}
	}
}

// big returns a fleet of many hosts, some homes and checks.
func big(hosts int) Inventory {
	var inv Inventory
	for i := range hosts {
		host := fmt.Sprintf("host%d", i)
		inv.NixOS = append(inv.NixOS, host)
		inv.Embedded = append(inv.Embedded, Embedded{Host: host, User: "root"})
		inv.Homes = append(inv.Homes, Home{Key: "joachim@" + host})
		inv.Checks = append(inv.Checks, Output{"x86_64-linux", fmt.Sprintf("check%d", i)}, Output{"x86_64-linux", host})
	}
	return inv
}

func TestShardsAreEven(t *testing.T) {
	m := New(big(40))
	weigh := m.weigher(Past{})
	for _, n := range []int{1, 2, 3, 4, 7, 13} {
		heaviest, total := 0.0, 0.0
		for i := 1; i <= n; i++ {
			weight := 0.0
			for _, c := range m.Shard(i, n).Cells {
				weight += weigh(c)
			}
			heaviest, total = max(heaviest, weight), total+weight
		}
		if heaviest > 1.2*total/float64(n) {
			t.Errorf("of %d shards, the heaviest has %v, %v on average", n, heaviest, total/float64(n))
		}
	}
}

// A host, its VM and its homes share most of what has to be built.
func TestHostsStayWithTheirHomesAndVMs(t *testing.T) {
	for name, inv := range map[string]Inventory{"hosts with homes": big(20), "something of every kind": fleet()} {
		m := New(inv)
		for i := 1; i <= 4; i++ {
			s := m.Shard(i, 4)
			for _, c := range s.Cells {
				host := c.PartOf
				if rows := m.offer.rows(c); host == "" && (c.Kind == result.KindVM || c.Kind == result.KindHome && len(rows) == 1) {
					host = "nixos/" + rows[0]
				}
				if Has(m.Cells, host) && !Has(s.Cells, host) {
					t.Errorf("%s: %s is without %s", name, c.ID, host)
				}
			}
		}
	}
}

// A home can be activated only where its host boots. A bare home keeps together all booted hosts
// that it serves.
func TestHomesStayWithTheVMsTheyAreActivatedIn(t *testing.T) {
	inv := big(20)
	inv.Homes = append(inv.Homes, Home{Key: "eve"})
	m := New(inv)
	for _, c := range m.Cells {
		if c.Kind != result.KindVM {
			continue
		}
		for i := 1; i <= 4; i++ {
			s := m.Shard(i, 4)
			if vm := Has(s.Cells, c.ID); vm != Has(s.Cells, "home/joachim@"+c.Host) || vm != Has(s.Cells, "home/eve") {
				t.Errorf("%s is separated from its homes", c.ID)
			}
		}
	}
	without, err := m.Select(Selection{Kinds: []result.Kind{result.KindNixOS, result.KindHome}})
	if err != nil {
		t.Fatal(err)
	}
	if len(without.Shard(4, 4).Cells) == 0 {
		t.Error("without VMs, a bare home keeps all hosts together")
	}
}

// Dividing the groups in the order of their names would move three of four.
func TestNewCellsMoveFewOthers(t *testing.T) {
	moved, all := 0, 0
	for extra := range 40 {
		inv := big(20)
		before := New(inv)
		inv.NixOS = append(inv.NixOS, fmt.Sprintf("new%d", extra))
		after := New(inv)
		for i := 1; i <= 4; i++ {
			is := after.Shard(i, 4).Cells
			for _, c := range before.Shard(i, 4).Cells {
				if all++; !Has(is, c.ID) {
					moved++
				}
			}
		}
	}
	if moved*10 > all {
		t.Errorf("%d of %d cells moved", moved, all)
	}
	t.Logf("%d of %d cells moved", moved, all)
}

// Users keep caches for each shard.
func TestShardsNeverChange(t *testing.T) {
	wantIDs(t, New(fleet()).Shard(4, 5).Cells, `
		nixos/reason
		home/joachim@reason home/niri-desktop
		vm/reason
		package/x86_64-linux/tool
		devshell/x86_64-linux/default
		formatter/x86_64-linux`)
}
