package matrix

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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

func TestShardsAreEvenInEveryKind(t *testing.T) {
	m := New(big(13))
	for _, n := range []int{1, 2, 3, 4, 7, 13} {
		hosts, groups := []int{}, []int{}
		for i := 1; i <= n; i++ {
			s := m.Shard(i, n)
			count := map[result.Kind]int{}
			for _, c := range s.Cells {
				if c.PartOf == "" {
					count[c.Kind]++
				}
			}
			if count[result.KindNixOS] != count[result.KindVM] {
				t.Errorf("%d/%d separates a host from its VM", i, n)
			}
			hosts = append(hosts, count[result.KindNixOS])
			groups = append(groups, count[result.KindNixOS]+count[result.KindCheck]) // homes are with their hosts
		}
		if slices.Max(hosts)-slices.Min(hosts) > 1 || slices.Max(groups)-slices.Min(groups) > 1 {
			t.Errorf("%d shards have hosts %v and groups %v", n, hosts, groups)
		}
	}
}

func TestEmbeddedHomesStayWithTheirHost(t *testing.T) {
	m := New(big(20))
	d := m.deal(4)
	for _, c := range m.Cells {
		if c.PartOf != "" && d.shards[d.of(c)] != d.shards[d.of(result.Cell{ID: c.PartOf})] {
			t.Errorf("%s is not with its host", c.ID)
		}
	}
}

// A home can be activated only where its host boots. A bare home keeps together all hosts that it
// serves.
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
			_, vm := find(s, c.ID)
			_, own := find(s, "home/joachim@"+c.Host)
			_, bare := find(s, "home/eve")
			if vm != own || vm != bare {
				t.Errorf("%s is separated from its homes", c.ID)
			}
		}
	}
	without, err := m.Select(Selection{Kinds: []result.Kind{result.KindNixOS, result.KindHome}})
	if err != nil {
		t.Fatal(err)
	}
	apart := false
	for _, c := range without.Shard(1, 4).Cells {
		_, host := find(without.Shard(1, 4), "nixos/"+c.Host)
		apart = apart || c.Kind == result.KindHome && c.Host != "" && !host
	}
	if !apart {
		t.Error("without VMs homes are dealt by themselves")
	}
}

func find(m Matrix, id string) (result.Cell, bool) {
	for _, c := range m.Cells {
		if c.ID == id {
			return c, true
		}
	}
	return result.Cell{}, false
}

// Dealing the groups in the order of their names would move three of four.
func TestNewCellsMoveFewOthers(t *testing.T) {
	moved, all := 0, 0
	for extra := range 40 {
		inv := big(20)
		before := New(inv).deal(4)
		inv.NixOS = append(inv.NixOS, fmt.Sprintf("new%d", extra))
		after := New(inv).deal(4)
		for group, shard := range before.shards {
			all++
			if after.shards[group] != shard {
				moved++
			}
		}
	}
	if moved*5 > all {
		t.Errorf("%d of %d groups moved", moved, all)
	}
	t.Logf("%d of %d groups moved", moved, all)
}

// Users keep caches for each shard.
func TestShardsNeverChange(t *testing.T) {
	wantIDs(t, New(fleet()).Shard(1, 3).Cells, `
		nixos/laptop
		darwin/mac/home/joachim home/joachim home/work@laptop nixos/laptop/home/eve
		vm/laptop
		darwin/mac
		devshell/x86_64-linux/default`)
}

func TestStrategy(t *testing.T) {
	m, err := New(fleet()).Select(Selection{Kinds: []result.Kind{result.KindNixOS, result.KindPackage}})
	if err != nil {
		t.Fatal(err)
	}
	runner := func(system string) string {
		if system == "aarch64-linux" {
			return "ubuntu-24.04-arm"
		}
		return "ubuntu-24.04"
	}
	got, err := json.Marshal(m.Strategy(1, runner))
	want := `{"include":[` +
		`{"shard":"1/1","system":"","runner":"ubuntu-24.04","cells":["nixos/laptop","nixos/reason","package/x86_64-linux/tool"]},` +
		`{"shard":"1/1","system":"aarch64-linux","runner":"ubuntu-24.04-arm","cells":["package/aarch64-linux/tool"]}]}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestStrategyKeepsToGitHubsLimit(t *testing.T) {
	m := New(big(400))
	s := m.Strategy(1000, func(system string) string { return "on-" + system })
	if len(s.Include) == 0 || len(s.Include) > maxJobs {
		t.Errorf("makes %d jobs", len(s.Include))
	}
	var cells []string
	for _, job := range s.Include {
		cells = append(cells, job.Cells...)
	}
	slices.Sort(cells)
	want := ids(m.Cells)
	slices.Sort(want)
	if !equal(cells, want) {
		t.Errorf("has %d of %d cells", len(cells), len(want))
	}
}

func TestStrategyOfNothing(t *testing.T) {
	got, err := json.Marshal(New(Inventory{}).Strategy(0, func(string) string { return "x" }))
	if err != nil || string(got) != `{"include":[]}` {
		t.Errorf("got %s, %v", got, err)
	}
}
