package matrix

import (
	"testing"

	"github.com/flakeci/flakeci/result"
)

// elsewhere returns hosts in every output that may have some, besides the usual one.
func elsewhere() Inventory {
	return Inventory{
		NixOS: []string{"web"}, Colmena: []string{"web", "hive"}, Nested: []Output{{"x86_64-linux", "box"}},
		Droid: []string{"phone"}, Managed: []Output{{"", "sysman"}, {"aarch64-linux", "pi"}},
		Homes:    []Home{{Key: "joe"}, {Key: "joe@phone"}, {Key: "joe@box"}},
		Embedded: []Embedded{{Host: "hive", In: "nixos/colmena/hive", User: "ann"}},
	}
}

func TestHostsElsewhere(t *testing.T) {
	m := New(elsewhere())
	wantIDs(t, m.Cells, `
		nixos/colmena/hive nixos/colmena/web nixos/web nixos/x86_64-linux/box
		home/joe home/joe@box home/joe@phone nixos/colmena/hive/home/ann
		vm/web droid/phone system/aarch64-linux/pi system/sysman`)
	attrs := map[string]string{}
	for _, c := range m.Cells {
		attrs[c.ID] = c.Attr
		if c.Kind.IsHost() && c.Kind != result.KindDroid && c.Kind != result.KindSystem && len(HostPath(c))+4 != len(c.Path) {
			t.Errorf("%s is at %q", c.ID, HostPath(c))
		}
	}
	for id, want := range map[string]string{
		"nixos/colmena/web":           "colmenaHive.nodes.web.config.system.build.toplevel",
		"nixos/x86_64-linux/box":      "legacyPackages.x86_64-linux.nixosConfigurations.box.config.system.build.toplevel",
		"droid/phone":                 "nixOnDroidConfigurations.phone.activationPackage",
		"system/sysman":               "systemConfigs.sysman",
		"system/aarch64-linux/pi":     "systemConfigs.aarch64-linux.pi",
		"nixos/colmena/hive/home/ann": "colmenaHive.nodes.hive.config.home-manager.users.ann.home.activationPackage",
	} {
		if attrs[id] != want {
			t.Errorf("%s is at %s", id, attrs[id])
		}
	}
	want := `
box: nixos/x86_64-linux/box - - home/joe@box
hive: nixos/colmena/hive - nixos/colmena/hive/home/ann home/joe
phone: droid/phone - - home/joe@phone
pi: system/aarch64-linux/pi - - home/joe
sysman: system/sysman - - home/joe
web: nixos/web vm/web - home/joe +nixos/colmena/web
`
	if got := "\n" + draw(m); got != want {
		t.Errorf("got%s\nwant%s", got, want)
	}
}

func TestHostsElsewhereThatAreNotSelected(t *testing.T) {
	m, err := New(elsewhere()).Select(Selection{Kinds: []result.Kind{result.KindNixOS}})
	if err != nil {
		t.Fatal(err)
	}
	want := `
box: nixos/x86_64-linux/box -
hive: nixos/colmena/hive -
phone: - - not droid/phone
pi: - - not system/aarch64-linux/pi
sysman: - - not system/sysman
web: nixos/web - +nixos/colmena/web
`
	if got := "\n" + draw(m); got != want {
		t.Errorf("got%s\nwant%s", got, want)
	}
}
