package matrix

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestNewMakesEveryCell(t *testing.T) {
	m := New(fleet())
	wantIDs(t, m.Cells, `
		nixos/laptop nixos/reason
		darwin/mac/home/joachim home/joachim home/joachim@reason home/niri-desktop home/work@attic home/work@laptop nixos/laptop/home/eve
		vm/laptop vm/reason
		darwin/mac
		check/x86_64-linux/fmt
		package/aarch64-linux/tool package/x86_64-linux/tool
		devshell/x86_64-linux/default
		formatter/x86_64-linux`)
	if want := []string{"laptop", "mac", "reason"}; !equal(m.Grid.Hosts, want) {
		t.Errorf("hosts are %q", m.Grid.Hosts)
	}
	if want := []string{"eve", "joachim", "work"}; !equal(m.Grid.Users, want) {
		t.Errorf("users are %q", m.Grid.Users)
	}
	if want := []string{"home/work@attic"}; !equal(m.Grid.Orphans, want) {
		t.Errorf("orphans are %q", m.Grid.Orphans)
	}
}

func TestCells(t *testing.T) {
	cell := func(id string, kind result.Kind, host, user, system, attr string) result.Cell {
		return result.Cell{ID: id, Kind: kind, Host: host, User: user, System: system, Attr: attr}
	}
	want := []result.Cell{
		cell("nixos/reason", result.KindNixOS, "reason", "", "", "nixosConfigurations.reason.config.system.build.toplevel"),
		cell("home/joachim", result.KindHome, "", "joachim", "", "homeConfigurations.joachim.activationPackage"),
		cell("home/joachim@reason", result.KindHome, "reason", "joachim", "", `homeConfigurations."joachim@reason".activationPackage`),
		cell("home/niri-desktop", result.KindHome, "", "niri", "", "homeConfigurations.niri-desktop.activationPackage"),
		cell("vm/reason", result.KindVM, "reason", "", "", "nixosConfigurations.reason.config.system.build.vm"),
		cell("darwin/mac", result.KindDarwin, "mac", "", "", "darwinConfigurations.mac.system"),
		cell("check/x86_64-linux/fmt", result.KindCheck, "", "", "x86_64-linux", "checks.x86_64-linux.fmt"),
		cell("package/aarch64-linux/tool", result.KindPackage, "", "", "aarch64-linux", "packages.aarch64-linux.tool"),
		cell("devshell/x86_64-linux/default", result.KindDevShell, "", "", "x86_64-linux", "devShells.x86_64-linux.default"),
		cell("formatter/x86_64-linux", result.KindFormatter, "", "", "x86_64-linux", "formatter.x86_64-linux"),
	}
	embedded := cell("darwin/mac/home/joachim", result.KindHome, "mac", "joachim", "",
		"darwinConfigurations.mac.config.home-manager.users.joachim.home.activationPackage")
	embedded.PartOf = "darwin/mac"
	m := New(fleet())
	for _, w := range append(want, embedded) {
		i := slices.Index(ids(m.Cells), w.ID)
		if i < 0 {
			t.Errorf("there is no %s", w.ID)
			continue
		}
		got := m.Cells[i]
		if quoteAttr(got.Path) != got.Attr {
			t.Errorf("%s has the paths %q and %s", got.ID, got.Path, got.Attr)
		}
		got.Path = nil
		if got.ID != w.ID || got.Kind != w.Kind || got.Host != w.Host || got.User != w.User ||
			got.System != w.System || got.Attr != w.Attr || got.PartOf != w.PartOf {
			t.Errorf("got  %+v\nwant %+v", got, w)
		}
	}
}

func TestUserOfAHome(t *testing.T) {
	tests := []struct {
		home       Home
		user, host string
	}{
		{Home{Key: "joachim@reason", Username: "someone"}, "joachim", "reason"},
		{Home{Key: "joachim@reason@home"}, "joachim@reason", "home"},
		{Home{Key: "joachim@reason.example.org"}, "joachim", "reason.example.org"},
		{Home{Key: "niri-desktop", Username: "niri"}, "niri", ""},
		{Home{Key: "joachim"}, "joachim", ""},
		{Home{Key: "@reason"}, "", "reason"},
		{Home{Key: "joachim@"}, "joachim", ""},
		{Home{Key: ""}, "", ""},
	}
	for _, tt := range tests {
		c := New(Inventory{Homes: []Home{tt.home}}).Cells[0]
		if c.User != tt.user || c.Host != tt.host {
			t.Errorf("%+v is of %q on %q", tt.home, c.User, c.Host)
		}
		later := New(Inventory{Homes: []Home{{Key: tt.home.Key}}}).Cells[0].WithUser(tt.home.Username)
		if later.User != tt.user || later.Host != tt.host {
			t.Errorf("%+v is of %q on %q once the user is known", tt.home, later.User, later.Host)
		}
	}
}

func TestLegacyHomes(t *testing.T) {
	m := New(Inventory{Homes: []Home{
		{Key: "alone", System: "x86_64-linux"},
		{Key: "two", System: "x86_64-linux"},
		{Key: "two", System: "aarch64-linux"},
		{Key: "both", System: "x86_64-linux"},
		{Key: "both"},
	}})
	wantIDs(t, m.Cells, `home/aarch64-linux/two home/alone home/both home/x86_64-linux/both home/x86_64-linux/two`)
	if got := m.Cells[1]; got.Attr != "legacyPackages.x86_64-linux.homeConfigurations.alone.activationPackage" || got.System != "x86_64-linux" {
		t.Errorf("got %+v", got)
	}
}

func TestRepetitionIsOneCell(t *testing.T) {
	m := New(Inventory{
		NixOS:    []string{"a", "a"},
		Homes:    []Home{{Key: "x"}, {Key: "x", Username: "y"}, {Key: "x"}},
		Embedded: []Embedded{{Host: "a", User: "u"}, {Host: "a", User: "u", Username: "v"}},
	})
	wantIDs(t, m.Cells, "nixos/a home/x nixos/a/home/u vm/a")
	if m.Cells[1].User != "y" || m.Cells[2].User != "v" {
		t.Errorf("a known user name was lost: %+v", m.Cells)
	}
}

func TestEmbeddedInAHostOfBothKinds(t *testing.T) {
	m := New(Inventory{NixOS: []string{"a"}, Darwin: []string{"a"}, Embedded: []Embedded{{Host: "a", User: "u"}}})
	wantIDs(t, m.Cells, "nixos/a nixos/a/home/u vm/a darwin/a")
}

func TestHome(t *testing.T) {
	tests := []struct {
		name       string
		inv        Inventory
		host, user string
		want       string
	}{
		{"own", Inventory{NixOS: []string{"h"}, Homes: []Home{{Key: "u"}, {Key: "u@h"}}}, "h", "u", "home/u@h"},
		{"bare", Inventory{NixOS: []string{"h", "g"}, Homes: []Home{{Key: "u"}, {Key: "u@g"}}}, "h", "u", "home/u"},
		{"own before embedded", Inventory{NixOS: []string{"h"}, Homes: []Home{{Key: "u@h"}}, Embedded: []Embedded{{Host: "h", User: "u"}}}, "h", "u", "home/u@h"},
		{"embedded before bare", Inventory{NixOS: []string{"h"}, Homes: []Home{{Key: "u"}}, Embedded: []Embedded{{Host: "h", User: "u"}}}, "h", "u", "nixos/h/home/u"},
		{"bare on darwin", Inventory{Darwin: []string{"h"}, Homes: []Home{{Key: "u"}}}, "h", "u", "home/u"},
		{"key other than the user", Inventory{NixOS: []string{"h"}, Homes: []Home{{Key: "k", Username: "u"}}}, "h", "u", ""},
		{"key that asked is user", Inventory{NixOS: []string{"h"}, Homes: []Home{{Key: "u", Username: "u"}}}, "h", "u", "home/u"},
		{"nobody", Inventory{NixOS: []string{"h"}, Homes: []Home{{Key: "u"}}}, "h", "v", ""},
		{"no such host", Inventory{NixOS: []string{"h"}, Homes: []Home{{Key: "u"}}}, "g", "u", ""},
		{"orphan", Inventory{NixOS: []string{"h"}, Homes: []Home{{Key: "u@g"}}}, "g", "u", "home/u@g"},
		{"homes only", Inventory{Homes: []Home{{Key: "u"}, {Key: "v@h"}}}, "h", "u", "home/u"},
		{"legacy", Inventory{NixOS: []string{"h"}, Homes: []Home{{Key: "u", System: "x86_64-linux"}}}, "h", "u", "home/u"},
		{"legacy of the host's sort", Inventory{NixOS: []string{"h"}, Homes: []Home{{Key: "u", System: "aarch64-darwin"}, {Key: "u", System: "x86_64-linux"}}}, "h", "u", "home/x86_64-linux/u"},
		{"legacy of another sort", Inventory{NixOS: []string{"h"}, Homes: []Home{{Key: "u", System: "aarch64-darwin"}}}, "h", "u", ""},
		{"named, of another sort", Inventory{NixOS: []string{"h"}, Homes: []Home{{Key: "u@h", System: "aarch64-darwin"}}}, "h", "u", "home/u@h"},
		{"top before legacy", Inventory{NixOS: []string{"h"}, Homes: []Home{{Key: "u", System: "x86_64-linux"}, {Key: "u"}}}, "h", "u", "home/u"},
		{"empty names", Inventory{NixOS: []string{""}, Homes: []Home{{Key: "@"}}}, "", "", "home/@"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, found := New(tt.inv).Home(tt.host, tt.user)
			if got.ID != tt.want || found != (tt.want != "") {
				t.Errorf("got %q, %v; want %q", got.ID, found, tt.want)
			}
		})
	}
}

func TestKnownSystemDecidesAmongLegacyHomes(t *testing.T) {
	m := New(Inventory{NixOS: []string{"h"}, Homes: []Home{
		{Key: "u"}, {Key: "u", System: "aarch64-linux"}, {Key: "u", System: "x86_64-linux"},
	}})
	host := m.Cells[0]
	host.System = "x86_64-linux"
	got, _ := m.With(host).Home("h", "u")
	if got.ID != "home/x86_64-linux/u" {
		t.Errorf("got %s", got.ID)
	}
}

func TestWithAddsAnEmbeddedHome(t *testing.T) {
	m := New(Inventory{NixOS: []string{"h"}, Homes: []Home{{Key: "v"}}})
	m = m.With(EmbeddedCell(m.Cells[0], "u", ""), EmbeddedCell(m.Cells[0], "w.x", "w"))
	wantIDs(t, m.Cells, "nixos/h home/v nixos/h/home/u nixos/h/home/w.x vm/h")
	if !equal(m.Grid.Users, []string{"u", "v", "w"}) {
		t.Errorf("users are %q", m.Grid.Users)
	}
	got, found := m.Home("h", "w")
	if !found || got.PartOf != "nixos/h" || got.Attr != `nixosConfigurations.h.config.home-manager.users."w.x".home.activationPackage` {
		t.Errorf("got %+v", got)
	}
	want := New(Inventory{NixOS: []string{"h"}, Homes: []Home{{Key: "v"}},
		Embedded: []Embedded{{Host: "h", User: "u"}, {Host: "h", User: "w.x", Username: "w"}}})
	if !equal(ids(m.Cells), ids(want.Cells)) {
		t.Errorf("with a home found late, the cells are %q", ids(m.Cells))
	}
}

func TestHomesOnlyFlakeHasRowsAndNoOrphans(t *testing.T) {
	m := New(Inventory{Homes: []Home{{Key: "u@b"}, {Key: "u@a"}, {Key: "v"}}})
	if !equal(m.Grid.Hosts, []string{"a", "b"}) || len(m.Grid.Orphans) != 0 {
		t.Errorf("grid is %+v", m.Grid)
	}
}

func TestMatrixPutTogetherByHand(t *testing.T) {
	m := Matrix{Cells: New(Inventory{NixOS: []string{"h"}, Homes: []Home{{Key: "u"}}}).Cells}
	if got, found := m.Home("h", "u"); !found || got.ID != "home/u" {
		t.Errorf("got %+v", got)
	}
}

func TestJSONHasListsAndNames(t *testing.T) {
	got, err := json.Marshal(New(Inventory{}))
	if want := `{"grid":{"hosts":[],"users":[],"orphans":[]},"cells":[]}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	m := New(Inventory{NixOS: []string{"h"}})
	got, err = json.Marshal(m.Cells[0])
	if want := `{"id":"nixos/h","kind":"nixos","host":"h","user":"","system":"","attr":"nixosConfigurations.h.config.system.build.toplevel"}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
}
