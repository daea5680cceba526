package matrix

import (
	"errors"
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestHostOfAHome(t *testing.T) {
	hosts := []string{"laptop", "laptop-iso", "vm-utm", "web.example.org", "mail.example.org", "box", "node2"}
	infos := map[string]result.HostInfo{
		"laptop":     {HostName: "laptop", FQDN: "laptop.example.org"},
		"laptop-iso": {HostName: "laptop"},
		"vm-utm":     {HostName: "dev", FQDN: "dev.example.net"},
		"box":        {HostName: "node2"},
	}
	tests := []struct{ key, user, before, host string }{
		{"u@laptop", "u", "laptop", "laptop"},                            // not laptop-iso
		{"u@laptop.example.org", "u", "laptop", "laptop"},                // the key is the short name
		{"u@laptop.elsewhere", "u", "laptop", "laptop"},                  // for want of a better one
		{"u@web", "u", "web.example.org", "web.example.org"},             // the short name of the key
		{"u@web.example.org", "u", "web.example.org", "web.example.org"}, // the key itself
		{"u@web.example.net", "u", "web.example.net", "web.example.net"}, // another domain
		{"u@dev", "u", "dev", "vm-utm"},                                  // networking.hostName
		{"u@dev.example.net", "u", "dev.example.net", "vm-utm"},          // networking.fqdn
		{"u@dev.example.com", "u", "dev.example.com", "vm-utm"},          // networking.hostName without the domain
		{"u@node2", "u", "node2", "node2"},                               // a key goes before the name of another
		{"a@b@box", "a@b", "box", "box"},                                 // a host name has no @
		{"u@", "u", "", ""},                                              // no host has an empty name
		{"u@attic", "u", "attic", "attic"},                               // no such host
		{"u@example.org", "u", "example.org", "example.org"},             // a domain is not a host
		{"u@.example.org", "u", ".example.org", ".example.org"},          // nor is this
	}
	for _, tt := range tests {
		inv := Inventory{NixOS: hosts, Homes: []Home{{Key: tt.key}}}
		for _, want := range []string{tt.before, tt.host} {
			c := New(inv).Cells[len(hosts)]
			if c.ID != "home/"+tt.key || c.User != tt.user || c.Host != want {
				t.Errorf("%s is of %q on %q, want %q on %q (infos: %v)", c.ID, c.User, c.Host, tt.user, want, inv.Infos != nil)
			}
			inv.Infos = infos
		}
	}
}

func TestSelectSuggestsTheKeyOfAHost(t *testing.T) {
	m := New(Inventory{NixOS: []string{"vm-utm", "bev"}, Homes: []Home{{Key: "u@dev"}}, Infos: map[string]result.HostInfo{"vm-utm": {HostName: "dev"}}})
	_, err := m.Select(Selection{Hosts: []string{"dev"}})
	var e *UnknownError
	if !errors.As(err, &e) || e.Suggestion != "vm-utm" {
		t.Errorf("got %#v", err)
	}
	if m, err = m.Select(Selection{Hosts: []string{"vm-utm"}}); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, m.Cells, "nixos/vm-utm home/u@dev vm/vm-utm")
}

func TestPairedRows(t *testing.T) {
	infos := map[string]result.HostInfo{"a": {HostName: "dev", FQDN: "dev.example.org", Accounts: []string{"root", "joe"}}, "b": {HostName: "b"}}
	tests := []struct {
		name string
		inv  Inventory
		want string
	}{
		{"by key, then FQDN, hostname and short name", Inventory{NixOS: []string{"a"}, Homes: []Home{{Key: "u@dev"}, {Key: "u@dev.example.org"}, {Key: "u@dev.local"}, {Key: "u@a"}}}, `
a: nixos/a vm/a home/u@a +home/u@dev.example.org +home/u@dev +home/u@dev.local
`},
		{"before the home inside", Inventory{NixOS: []string{"a"}, Homes: []Home{{Key: "u@dev"}}, Embedded: []Embedded{{Host: "a", User: "u"}}}, `
a: nixos/a vm/a home/u@dev +nixos/a/home/u
`},
		{"before the bare home", Inventory{NixOS: []string{"a", "b"}, Homes: []Home{{Key: "joe@dev"}, {Key: "joe"}}}, `
a: nixos/a vm/a home/joe@dev
b: nixos/b vm/b home/joe
`},
		{"a bare home where the user has an account", Inventory{NixOS: []string{"a", "b"}, Homes: []Home{{Key: "joe"}, {Key: "ann"}}}, `
a: nixos/a vm/a - home/joe
b: nixos/b vm/b home/ann home/joe
`},
		{"a bare home without a host", Inventory{NixOS: []string{"a"}, Homes: []Home{{Key: "ann"}}}, `
a: nixos/a vm/a
anywhere: - - +home/ann
`},
		{"a Mac's accounts are made by hand", Inventory{Darwin: []string{"a"}, Homes: []Home{{Key: "ann"}}}, `
a: darwin/a - home/ann
`},
		{"keys that are no person's", Inventory{NixOS: []string{"a"}, Homes: []Home{
			{Key: "joe", Username: "joe"}, {Key: "joe-linux", Username: "joe"}, {Key: "penguin", Username: "joe"}, {Key: "home-linux", Username: "ann"}}}, `
a: nixos/a vm/a home/joe
anywhere: - - - +home/home-linux +home/joe-linux +home/penguin
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.inv.Infos = infos
			if got := "\n" + draw(New(tt.inv)); got != tt.want {
				t.Errorf("got%s\nwant%s", got, tt.want)
			}
		})
	}
}
