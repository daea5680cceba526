package matrix

import (
	"errors"
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestSelect(t *testing.T) {
	tests := []struct {
		name string
		sel  Selection
		want string
	}{
		{"a host", Selection{Hosts: []string{"reason"}}, "nixos/reason home/joachim@reason vm/reason"},
		{"a host with bare and embedded homes", Selection{Hosts: []string{"laptop"}},
			"nixos/laptop home/joachim home/work@laptop nixos/laptop/home/eve vm/laptop"},
		{"a darwin host", Selection{Hosts: []string{"mac"}}, "darwin/mac/home/joachim darwin/mac"},
		{"a host that only a home names", Selection{Hosts: []string{"attic"}}, "home/work@attic"},
		{"two hosts, one kind", Selection{Hosts: []string{"mac", "reason"}, Kinds: []result.Kind{result.KindNixOS, result.KindDarwin}},
			"nixos/reason darwin/mac"},
		{"a user", Selection{Users: []string{"joachim"}}, "darwin/mac/home/joachim home/joachim home/joachim@reason"},
		{"a user on a host", Selection{Users: []string{"joachim"}, Hosts: []string{"laptop"}}, "home/joachim"},
		{"a user by name, not by key", Selection{Users: []string{"niri"}}, "home/niri-desktop"},
		{"kinds", Selection{Kinds: []result.Kind{result.KindFormatter, result.KindNixOS}}, "nixos/laptop nixos/reason formatter/x86_64-linux"},
		{"one VM", Selection{Kinds: []result.Kind{result.KindNixOS}, VMs: []string{"reason"}}, "nixos/laptop nixos/reason vm/reason"},
		{"one VM and nothing else", Selection{Kinds: []result.Kind{result.KindVM}, VMs: []string{"reason"}}, "vm/reason"},
		{"all VMs", Selection{Kinds: []result.Kind{result.KindVM}}, "vm/laptop vm/reason"},
		{"a VM of any kind", Selection{Hosts: []string{"laptop", "reason"}, VMs: []string{"reason"}},
			"nixos/laptop nixos/reason home/joachim home/joachim@reason home/work@laptop nixos/laptop/home/eve vm/reason"},
		{"a VM of another host", Selection{Hosts: []string{"laptop"}, Kinds: []result.Kind{result.KindNixOS}, VMs: []string{"reason"}}, "nixos/laptop"},
		{"patterns", Selection{Cells: []string{"home/*@laptop", "package/*"}},
			"home/work@laptop package/aarch64-linux/tool package/x86_64-linux/tool"},
		{"one pattern matches nothing", Selection{Cells: []string{"phone/*", "home/*@laptop"}}, "home/work@laptop"},
		{"exclude", Selection{Kinds: []result.Kind{result.KindHome}, Exclude: []string{"*joachim*", "nothing/*"}},
			"home/niri-desktop home/work@attic home/work@laptop nixos/laptop/home/eve"},
		{"a system", Selection{Systems: []string{"aarch64-linux"}, Kinds: []result.Kind{result.KindNixOS, result.KindDarwin, result.KindPackage}},
			"nixos/laptop nixos/reason package/aarch64-linux/tool"},
		{"a darwin system", Selection{Systems: []string{"aarch64-darwin"}},
			"darwin/mac/home/joachim home/joachim home/joachim@reason home/niri-desktop home/work@attic home/work@laptop darwin/mac"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := New(fleet()).Select(tt.sel)
			if err != nil {
				t.Fatal(err)
			}
			wantIDs(t, got.Cells, tt.want)
		})
	}
}

func TestSelectKeepsTheGridThatMatters(t *testing.T) {
	tests := []struct {
		name                 string
		sel                  Selection
		hosts, users, orphan []string
	}{
		{"nothing left out", Selection{}, []string{"laptop", "mac", "reason"}, []string{"eve", "joachim", "work"}, []string{"home/work@attic"}},
		{"a host", Selection{Hosts: []string{"laptop"}}, []string{"laptop"}, []string{"eve", "joachim", "work"}, nil},
		{"a user", Selection{Users: []string{"work"}}, []string{"laptop"}, []string{"work"}, []string{"home/work@attic"}},
		{"what is in no grid", Selection{Kinds: []result.Kind{result.KindCheck}}, nil, nil, nil},
		{"a bare home", Selection{Cells: []string{"home/joachim"}}, []string{"laptop"}, []string{"joachim"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := New(fleet()).Select(tt.sel)
			if err != nil {
				t.Fatal(err)
			}
			if !equal(got.Grid.Hosts, tt.hosts) || !equal(got.Grid.Users, tt.users) || !equal(got.Grid.Orphans, tt.orphan) {
				t.Errorf("grid is %q", got.Grid)
			}
		})
	}
}

// If joachim@reason is left out, the bare joachim does not become the home there.
func TestSelectDoesNotChangeWhoServes(t *testing.T) {
	m, err := New(fleet()).Select(Selection{Exclude: []string{"home/joachim@reason"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, found := m.Home("reason", "joachim"); found {
		t.Errorf("reason got %s", got.ID)
	}
	if got, _ := m.Home("laptop", "joachim"); got.ID != "home/joachim" {
		t.Errorf("laptop got %q", got.ID)
	}
}

func TestSelectUnknown(t *testing.T) {
	tests := []struct {
		sel                    Selection
		what, name, suggestion string
	}{
		{Selection{Hosts: []string{"reason", "lptop"}}, "host", "lptop", "laptop"},
		{Selection{VMs: []string{"mac"}}, "host", "mac", ""},
		{Selection{Users: []string{"joahcim"}}, "user", "joahcim", "joachim"},
		{Selection{Kinds: []result.Kind{"nixso"}}, "kind", "nixso", "nixos"},
		{Selection{Cells: []string{"joachim@reason"}}, "cell", "joachim@reason", "home/joachim@reason"},
		{Selection{Cells: []string{"phone/*"}}, "cell", "phone/*", ""},
		{Selection{Systems: []string{"x86-64-linux"}}, "system", "x86-64-linux", "x86_64-linux"},
	}
	for _, tt := range tests {
		_, err := New(fleet()).Select(tt.sel)
		var e *UnknownError
		if !errors.As(err, &e) || e.What != tt.what || e.Name != tt.name || e.Suggestion != tt.suggestion || len(e.Known) == 0 {
			t.Errorf("%+v gives %#v", tt.sel, err)
		}
	}
	_, err := New(fleet()).Select(Selection{Hosts: []string{"x\ny"}})
	if err == nil || err.Error() != `unknown host "x\ny"` {
		t.Errorf("error is %v", err)
	}
}

func TestSelectNothing(t *testing.T) {
	tests := []struct {
		inv          Inventory
		sel          Selection
		filter, text string
	}{
		{Inventory{}, Selection{Hosts: []string{"h"}}, "", "nothing is selected: the flake offers nothing to evaluate or build"},
		{Inventory{Packages: []Output{{"x86_64-linux", "p"}}, Formatters: []string{"x86_64-linux"}}, Selection{Kinds: []result.Kind{result.KindNixOS, result.KindHome}}, "kind",
			"nothing is selected: the flake has no cell of kind nixos, home, only of kind package, formatter"},
		{fleet(), Selection{Hosts: []string{"reason"}, Users: []string{"work"}}, "user",
			"nothing is selected: user work matches none of 3 cells"},
		{fleet(), Selection{Hosts: []string{"reason"}, Exclude: []string{"*"}}, "exclude",
			"nothing is selected: exclude * leaves out every cell"},
		{fleet(), Selection{Kinds: []result.Kind{result.KindPackage}, Systems: []string{"riscv64-linux"}}, "system",
			"nothing is selected: system riscv64-linux matches none of 2 cells"},
	}
	for _, tt := range tests {
		_, err := New(tt.inv).Select(tt.sel)
		var e *NothingError
		if !errors.As(err, &e) || e.Filter != tt.filter || err.Error() != tt.text {
			t.Errorf("%+v gives %v", tt.sel, err)
		}
	}
}

func TestSelectBadPattern(t *testing.T) {
	for _, s := range []Selection{{Cells: []string{"*", "[a"}}, {Exclude: []string{"[a"}}} {
		_, err := New(fleet()).Select(s)
		var e *GlobError
		if !errors.As(err, &e) || e.Pattern != "[a" {
			t.Errorf("%+v gives %v", s, err)
		}
	}
	odd := New(Inventory{NixOS: []string{"[a", "b"}})
	for _, s := range []Selection{{Cells: []string{"nixos/[a"}}, {Exclude: []string{"nixos/b", "vm/*"}, Cells: []string{"nixos/*"}}} {
		m, err := odd.Select(s)
		if err != nil {
			t.Fatal(err)
		}
		wantIDs(t, m.Cells, "nixos/[a")
		if !s.Admits(m.Cells[0]) {
			t.Errorf("%+v does not admit %s", s, m.Cells[0].ID)
		}
	}
}

func TestAdmits(t *testing.T) {
	host := nixosCell("reason")
	host.System = "x86_64-linux"
	home := EmbeddedCell(host, "joachim", "")
	tests := []struct {
		sel  Selection
		want bool
	}{
		{Selection{}, true},
		{Selection{Hosts: []string{"reason"}, Users: []string{"joachim"}}, true},
		{Selection{Hosts: []string{"laptop"}}, false},
		{Selection{Users: []string{"work"}}, false},
		{Selection{Kinds: []result.Kind{result.KindNixOS}}, false},
		{Selection{Cells: []string{"nixos/reason"}}, false},
		{Selection{Exclude: []string{"*/home/joachim"}}, false},
		{Selection{Systems: []string{"x86_64-linux"}}, true},
		{Selection{Systems: []string{"aarch64-linux"}}, false},
	}
	for _, tt := range tests {
		if got := tt.sel.Admits(home); got != tt.want {
			t.Errorf("%+v says %v", tt.sel, got)
		}
	}
}
