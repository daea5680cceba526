package locate_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/flaketree"
	"github.com/flakeci/flakeci/internal/nix/locate"
	"github.com/flakeci/flakeci/internal/nix/modulesystem"
	"github.com/flakeci/flakeci/internal/nix/nixlog"
	"github.com/flakeci/flakeci/result"
)

// files are those of a flake.
type files map[string]string

func (f files) tree() flaketree.Tree {
	return flaketree.Tree{
		Read:  func(file string) string { return f[file] },
		Files: func() []string { return slices.Sorted(maps.Keys(f)) },
	}
}

func TestLocate(t *testing.T) {
	for name, test := range map[string]struct {
		files files
		err   nixlog.EvalError
		names []string
		want  string
	}{
		"a home is not made of the files of its host": {
			files{"hosts/pi.nix": "{ home.x = 1; }", "users/anna.nix": "{\n  home.x = 1;\n}"},
			nixlog.EvalError{Module: &modulesystem.Error{Kind: modulesystem.Undefined, Option: "home.stateVersion"}},
			[]string{"pi", "anna"}, "users/anna.nix",
		},
		"a file declares an option and sets it": {
			files{"my.nix": "{\n  options.my.port = 1;\n  config.my.port = 2;\n}"},
			nixlog.EvalError{Module: &modulesystem.Error{Kind: modulesystem.WrongType, Option: "my.port", Definitions: []modulesystem.Definition{{File: "my.nix", Own: true}}}},
			[]string{"web"}, "my.nix:3:13",
		},
		"an option is declared twice": {
			files{"a.nix": "{ my.port = 1; }", "my.nix": "{\n  imports = [ ./a.nix ];\n  options.my.port = 1;\n}"},
			nixlog.EvalError{Module: &modulesystem.Error{Kind: modulesystem.Redeclared, Option: "my.port", Definitions: []modulesystem.Definition{{File: "my.nix", Own: true}}}},
			[]string{"web"}, "my.nix:3:14",
		},
		"a package that another host names, too": {
			files{"hosts/a/default.nix": "{ imports = [ ../../shared/x.nix ]; }", "hosts/b.nix": "[ pkgs.steam ]", "shared/x.nix": "[ pkgs.steam ]"},
			nixlog.EvalError{Vague: true, Mentions: []result.Location{{File: "hosts/b.nix", Line: 1, Column: 8}, {File: "shared/x.nix", Line: 1, Column: 8}}},
			[]string{"a"}, "shared/x.nix:1:8",
		},
		"a module that is not imported but in a comment": {
			files{"hosts/a.nix": "{ imports = [ ./b.nix /* ./old.nix */ ]; }", "hosts/b.nix": "{ my = f 1; }", "hosts/old.nix": "{ my.port = 1; }"},
			nixlog.EvalError{Module: &modulesystem.Error{Kind: modulesystem.WrongType, Option: "my.port", Definitions: []modulesystem.Definition{{File: "hosts/b.nix", Own: true}}}},
			[]string{"a"}, "hosts/b.nix:1:3",
		},
		"a host with several files": {
			files{"hosts/a/boot.nix": "{ }", "hosts/a/configuration.nix": "{ }", "hosts/a/data.json": "{ }", "lib.nix": "mk ./hosts/a/data.json"},
			nixlog.EvalError{Place: result.Location{File: "lib.nix", Line: 1}, Module: &modulesystem.Error{Kind: modulesystem.Undefined, Option: "my.port"}},
			[]string{"a"}, "hosts/a/configuration.nix",
		},
		"the module that declares an option has the name of a host": {
			files{"modules/nixos/default.nix": "{ options.my.port = 1; }", "nixos/configuration.nix": "{ }"},
			nixlog.EvalError{Module: &modulesystem.Error{Kind: modulesystem.Undefined, Option: "my.port"}},
			[]string{"nixos"}, "nixos/configuration.nix",
		},
		"a host whose module has another name": {
			files{"flake.nix": "{\n  box = nixosSystem {\n    modules = [ ./machines/one.nix ];\n  };\n  web = nixosSystem {\n    modules = [ ./machines/two.nix ];\n  };\n}", "machines/one.nix": "{ }", "machines/two.nix": "{ }"},
			nixlog.EvalError{Place: result.Location{File: "flake.nix", Line: 5}, Module: &modulesystem.Error{Kind: modulesystem.Undefined, Option: "my.port"}},
			[]string{"web"}, "machines/two.nix",
		},
		"a home inside a host": {
			files{"hosts/web.nix": "{ }", "users/anna.nix": "{ }", "users/bert.nix": "{ }"},
			nixlog.EvalError{Module: &modulesystem.Error{Kind: modulesystem.Undefined, Option: "home-manager.users.bert.home.stateVersion"}},
			[]string{"web"}, "users/bert.nix",
		},
		"a default that the module overrides": {
			files{"common.nix": "{ my.port = mkDefault 1; }", "hosts/b.nix": "{ my = f 1; imports = [ ../common.nix ]; }", "hosts/a.nix": "{\n  imports = [ ./ports.nix ../common.nix ];\n}", "hosts/ports.nix": "{ my = f 2; }"},
			nixlog.EvalError{Module: &modulesystem.Error{Kind: modulesystem.WrongType, Option: "my.port", Definitions: []modulesystem.Definition{{File: "hosts/ports.nix", Own: true}}}},
			[]string{"a"}, "hosts/ports.nix:1:3",
		},
	} {
		if got := (locate.Failure{Err: &test.err, Names: test.names}).Locate(test.files.tree()).Place.String(); got != test.want {
			t.Errorf("%s: found %s, want %s", name, got, test.want)
		}
	}
}
