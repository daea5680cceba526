package nix

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/question"
	"github.com/flakeci/flakeci/result"
)

// allKinds offers every kind of output. A darwin host and packages for another system are
// listed like the rest.
const allKinds = `{
  outputs = { self }:
    let
      drv = system: name: derivation { inherit system name; builder = "/bin/sh"; };
      two = f: { x86_64-linux = f "x86_64-linux"; aarch64-linux = f "aarch64-linux"; };
    in {
      nixosConfigurations = { reason = { }; "with.dot" = { }; laptop = { }; };
      darwinConfigurations.mac = { };
      homeConfigurations = { "joachim@reason" = throw "not asked for"; work = { }; };
      legacyPackages = two (system: {
        homeConfigurations.nested = { };
        huge = throw "not evaluated";
      });
      packages = two (system: { tool = drv system "tool"; default = drv system "default"; });
      checks.x86_64-linux.fmt = drv "x86_64-linux" "fmt";
      devShells.x86_64-linux.default = drv "x86_64-linux" "shell";
      formatter = two (system: drv system "formatter");
      lib.helper = x: x;
      templates.default = { path = ./.; description = "none"; };
    };
}
`

func wholeOffer() Offer {
	both := func(names ...string) (all []Attr) {
		for _, system := range []string{"aarch64-linux", "x86_64-linux"} {
			for _, name := range names {
				all = append(all, Attr{system, name})
			}
		}
		return all
	}
	return Offer{
		NixOS: []string{"laptop", "reason", "with.dot"}, Darwin: []string{"mac"}, Homes: []string{"joachim@reason", "work"},
		LegacyHomes: both("nested"), Packages: both("default", "tool"),
		Checks: []Attr{{"x86_64-linux", "fmt"}}, DevShells: []Attr{{"x86_64-linux", "default"}},
		Formatters: []string{"aarch64-linux", "x86_64-linux"},
	}
}

// inventoryCase lists what the flake offers, of every kind.
func inventoryCase(s scenario, check func(w *world, o Offer, faults []Fault)) scenario {
	s.ask = func(w *world) {
		target := w.mustOpen()
		offer, faults, err := target.Inventory(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		others, more, err := target.Others(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		offer.Checks, offer.Packages, offer.DevShells, offer.Formatters = others.Checks, others.Packages, others.DevShells, others.Formatters
		check(w, offer, append(faults, more...))
	}
	return s
}

// names returns an offer as one line, without empty lists.
func (o Offer) names() string {
	var b strings.Builder
	v := reflect.ValueOf(o)
	for i := range v.NumField() {
		if v.Field(i).Len() > 0 {
			fmt.Fprintf(&b, "%s%v ", v.Type().Field(i).Name, v.Field(i))
		}
	}
	return strings.TrimSpace(b.String())
}

func faultsOf(faults []Fault) string {
	var all []string
	for _, f := range faults {
		all = append(all, f.Output+": "+f.Err.Error())
	}
	return strings.Join(all, "\n")
}

func TestInventory(t *testing.T) {
	testScenarios(t, []scenario{
		inventoryCase(scenario{name: "show-all-kinds", tracked: files{"flake.nix": allKinds}}, func(w *world, o Offer, faults []Fault) {
			if got, want := o.names(), wholeOffer().names(); got != want || faults != nil {
				w.Errorf("offer\n%s\nwant\n%s\nfaults %v", got, want, faults)
			}
		}),
		inventoryCase(scenario{name: "show-nothing", tracked: files{"flake.nix": "{ outputs = { self }: { }; }"}}, func(w *world, o Offer, faults []Fault) {
			if o.names() != "" || faults != nil {
				w.Errorf("offer %+v, faults %v", o, faults)
			}
		}),
		// `nix flake show` prints nothing at all here.
		inventoryCase(scenario{name: "show-throwing-package", tracked: files{"flake.nix": strings.Replace(allKinds, `drv system "tool"`, `throw "no tool"`, 1)}}, func(w *world, o Offer, faults []Fault) {
			if got, want := o.names(), wholeOffer().names(); got != want || faults != nil {
				w.Errorf("offer\n%s\nwant\n%s\nfaults %v", got, want, faults)
			}
		}),
		inventoryCase(scenario{name: "show-throwing-outputs", tracked: files{"flake.nix": `{
  outputs = { self }: {
    nixosConfigurations.reason = { };
    homeConfigurations = throw "no homes";
    packages.x86_64-linux = throw "no packages";
    checks.x86_64-linux.fmt = 5;
    formatter = 5;
  };
}`}}, func(w *world, o Offer, faults []Fault) {
			if got := o.names(); got != "NixOS[reason] Checks[{x86_64-linux fmt}]" {
				w.Errorf("offer %s", got)
			}
			got := faultsOf(faults)
			for _, want := range []string{"homeConfigurations: flake.nix:4:", "no homes", "packages: flake.nix:5:", "no packages", "formatter: "} {
				if !strings.Contains(got, want) {
					w.Errorf("no %q among the faults\n%s", want, got)
				}
			}
		}),
		inventoryCase(scenario{name: "show-all-throwing", tracked: files{"flake.nix": "{\n  outputs = { self }: throw \"nothing\";\n}\n"}}, func(w *world, o Offer, faults []Fault) {
			if o.names() != "" || len(faults) == 0 || !strings.Contains(faultsOf(faults), "nothing") {
				w.Errorf("offer %+v, faults %v", o, faults)
			}
		}),
	})
}

const homes = `{
  outputs = { self }: {
    homeConfigurations = {
      work.config.home.username = "joachim";
      broken.config.home.username = throw "no name";
      "a.b \"c\" ${"$"}{d} \\ ü".config.home.username = "odd";
      none = { };
      number.config.home.username = 5;
    };
    legacyPackages.x86_64-linux.homeConfigurations.work.config.home.username = "nested";
    nixosConfigurations = {
      plain.config = { };
      embedding.config = {
        home-manager.users = { joachim = throw "lazy"; "o.dd" = { }; };
        networking = { hostName = "desk"; fqdn = "desk.example.org"; };
        users.users = {
          root.isNormalUser = false; nixbld1.isNormalUser = false; sshd.isNormalUser = false;
          joachim = { isNormalUser = true; home = throw "lazy"; };
        };
      };
      odder.config = { networking = { hostName = 5; fqdn = throw "no domain"; }; users.users = { a.isNormalUser = throw "odd"; b.isNormalUser = "yes"; }; };
      broken.config = throw "no config";
    };
  };
}
`

// All homes are asked for their user at once, and each alone if one fails.
func TestUsernamesAndHosts(t *testing.T) {
	testScenarios(t, []scenario{{name: "usernames", tracked: files{"flake.nix": homes}, ask: func(w *world) {
		target := w.mustOpen()
		odd := "a.b \"c\" ${d} \\ ü"
		users, err := target.Usernames(w.Context(), []Attr{{Name: "work"}, {Name: "broken"}, {Name: odd}, {Name: "none"}, {System: "x86_64-linux", Name: "work"}})
		want := map[Attr]string{{Name: "work"}: "joachim", {Name: odd}: "odd", {System: "x86_64-linux", Name: "work"}: "nested"}
		if err != nil || !reflect.DeepEqual(users, want) {
			w.Errorf("users %v, want %v, error %v", users, want, err)
		}
		var asked []Host
		for _, name := range []string{"plain", "embedding", "odder", "broken"} {
			asked = append(asked, Host{name, []string{"nixosConfigurations", name}})
		}
		hosts, err := target.Hosts(w.Context(), asked)
		wantHosts := map[string]question.HostAnswer{
			"plain":     {Users: []string{}, Info: result.HostInfo{Accounts: []string{}}},
			"embedding": {Users: []string{"joachim", "o.dd"}, Info: result.HostInfo{HostName: "desk", FQDN: "desk.example.org", Accounts: []string{"joachim", "root", "sshd"}}},
			"odder":     {Users: []string{}, Info: result.HostInfo{Accounts: []string{}}},
		}
		if err != nil || !reflect.DeepEqual(hosts, wantHosts) {
			w.Errorf("hosts %+v, want %+v, error %v", hosts, wantHosts, err)
		}
		// A name of a wrong type is the home's fault, not the machine's.
		if users, err = target.Usernames(w.Context(), []Attr{{Name: "number"}, {Name: "work"}}); err != nil || len(users) != 1 || users[Attr{Name: "work"}] != "joachim" {
			w.Errorf("users %v, error %v", users, err)
		}
		if users, err = target.Usernames(w.Context(), nil); err != nil || len(users) != 0 {
			w.Errorf("users %v, error %v", users, err)
		}
	}}})
}
