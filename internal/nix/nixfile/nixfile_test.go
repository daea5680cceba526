package nixfile

import (
	"fmt"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	const module = `# programs.git.enable = false;
{ config, lib, pkgs, ... }:
let
  enable = true; /* services.x.enable = 1; */
  cfg = config.services.nginx;
in
{
  imports = [ ./a.nix ../b ];
  services.nginx = {
    enable = true;
    virtualHosts."example.org" = { root = "/var/${cfg.name}"; };
  };
  services.openssh.enable = "yes" == "no";
  programs = lib.mkIf cfg.enable {
    git = lib.mkMerge [
      { enable = 1; userName = ''
          a = { enable = 2; ${toString { b = "}"; }} ''${
        ''; }
    ];
    inherit (cfg) fish;
  };
  home.file.".config/fish/config.fish".text = "";
  users.users.${cfg.user}.shell = pkgs.fish;
  config.boot.loader = cfg;
  systemd.start = "$${unit";
  systemd.stop = ''$${unit $$$${cfg.name}'';
  systemd.last = 1;
}
`
	for path, want := range map[string]string{
		"services.nginx.enable":                          "enable = true;\n    virtual",
		"services.nginx":                                 "nginx = {\n    enable",
		"services.openssh.enable":                        `enable = "yes"`,
		"services.openssh":                               "openssh.enable",
		"programs.git.enable":                            "enable = 1",
		"home-manager.users.anna.programs.git":           "git = lib",
		"programs.git.userName":                          "userName = ''",
		"programs.git.signing.key":                       "git = lib",
		"programs.fish":                                  "fish;",
		`services.nginx.virtualHosts."example.org"`:      `"example.org" =`,
		`services.nginx.virtualHosts."example.org".root`: "root =",
		`home.file.".config/fish/config.fish".text`:      "text =",
		`home.file.".config/fish/config.fish"`:           `".config/fish/config.fish".text`,
		"users.users.anna.shell":                         "shell =",
		"boot.loader.grub.device":                        "loader = cfg",
		"systemd.last":                                   "last = 1",
		"imports":                                        "imports =",
		"programs.nothing":                               "programs = lib",
		"services.openssh.ports":                         "openssh.enable",
		"nothing":                                        "",
		"":                                               "",
	} {
		p, fit := Find(module, SplitPath(path))
		if (fit > NoFit) != (want != "") {
			t.Errorf("%s: the fit is %v", path, fit)
			continue
		}
		if got := at(module, p); !strings.HasPrefix(got, want) {
			t.Errorf("%s: found %.40q, want %q", path, got, want)
		}
	}
}

// A module that both declares and sets an option.
func TestFindDeclared(t *testing.T) {
	const module = `{ lib, ... }: {
  options.my = {
    port = lib.mkOption { };
    name = lib.mkOption { };
  };
  config.my.port = "http";
}
`
	for path, want := range map[string]struct {
		fit  Fit
		text string
	}{
		"my.port": {Full, `port = "http"`},
		"my.name": {Declared, "name = lib"},
		"my":      {Full, `my.port = "http"`},
	} {
		p, fit := Find(module, SplitPath(path))
		if got := at(module, p); fit != want.fit || !strings.HasPrefix(got, want.text) {
			t.Errorf("%s: found %.40q with the fit %v, want %q with %v", path, got, fit, want.text, want.fit)
		}
	}
}

// at returns the text from a position on.
func at(text string, p Position) string {
	if p.Line == 0 {
		return ""
	}
	lines := strings.SplitAfter(text, "\n")
	return strings.Join(lines[p.Line-1:], "")[p.Column-1:]
}

func TestWord(t *testing.T) {
	for line, want := range map[string]string{
		`x = [ pkgs.steam ];`:              "steam ];",
		`x = "${pkgs.steam}/bin" + steam;`: `steam}/bin" + steam;`,
		`  ${a} ${pkgs.steam}`:             "steam}",
		`x = "${a} ${b "${pkgs.steam}"}";`: `steam}"}";`,
		`x = "${a}" + pkgs.steam;`:         "steam;",
		`x = "a steam";`:                   "",
		`x = ''${a} steam'';`:              "",
		`x = 1; # steam`:                   "",
	} {
		at := Word(line, func(name string) bool { return name == "steam" })
		if got := line[max(at, 0):]; (at < 0) != (want == "") || at >= 0 && got != want {
			t.Errorf("%s: found %q, want %q", line, got, want)
		}
	}
}

func TestCode(t *testing.T) {
	const text = "# a\r\n{ b = 1; /* é\nc */ d = \"# /* e\"; f = ''\n# g\n''; } # h"
	const want = "    \n{ b = 1;      \n     d = \"# /* e\"; f = ''\n# g\n''; }    "
	if got := Code(text); got != want {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}

func TestSplitPath(t *testing.T) {
	for path, want := range map[string]string{
		"a.b":                       `["a" "b"]`,
		`home.file.".bash rc".text`: `["home" "file" ".bash rc" "text"]`,
		`windowManager."2bwm"`:      `["windowManager" "2bwm"]`,
		`a."q\"x".b`:                `["a" "q\"x" "b"]`,
		"a.<name>.b":                `["a" "name" "b"]`,
		"":                          "[]",
	} {
		if got := fmt.Sprintf("%q", SplitPath(path)); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

// A file that nobody wrote takes no more time and memory than others.
func TestLimits(t *testing.T) {
	for depth, want := range map[int]bool{maxInterpolations: true, maxInterpolations + 1: false} {
		text := "x = " + strings.Repeat("${", depth) + strings.Repeat("}", depth) + "; a = 1;"
		if _, ok := FindTop(text, "a"); ok != want {
			t.Errorf("behind %d interpolations, found is %v", depth, ok)
		}
	}
	names := 0
	for _, b := range bindings(strings.Repeat("a.", maxNames-2) + "a = {" + strings.Repeat("b=0;", 100_000)) {
		names += len(b.names)
	}
	if names < maxAllNames/2 || names > maxAllNames {
		t.Errorf("the bindings have %d names", names)
	}
	if _, fit := Find("a = 1;", strings.Split(strings.Repeat("a", maxNames+1), "")); fit != NoFit {
		t.Errorf("a path that is too long: the fit is %v", fit)
	}
}

func FuzzFind(f *testing.F) {
	for _, text := range []string{"{ a.b = { c = ''x ${y} ''; }; }", "{ a = \"${", "let x = 1; in { inherit x; }", "}})]=;", "{ a = ''' '' ; /* "} {
		f.Add(text, "a.b.c")
	}
	f.Fuzz(func(t *testing.T, text, path string) {
		if first, last, ok := Enclosing(text, 2); ok && (first > 2 || last < 2) {
			t.Errorf("line 2 is in %d to %d", first, last)
		}
		p, fit := Find(text, SplitPath(path))
		if fit == NoFit {
			return
		}
		lines := strings.Split(text, "\n")
		if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > len(lines[p.Line-1]) {
			t.Errorf("%+v is not a place in %q", p, text)
		}
	})
}

func TestEnclosing(t *testing.T) {
	const text = `{
  outputs = { nixpkgs, ... }: {
    nixosConfigurations.box = nixpkgs.lib.nixosSystem {
      system = "x86_64-linux";
      modules = [
        ./machines/one.nix
      ];
    };
    nixosConfigurations.web = f ./web.nix;
  };
}
`
	for line, want := range map[int]string{1: "0 0", 2: "2 10", 3: "3 8", 4: "4 4", 6: "5 7", 8: "3 8", 9: "9 9", 11: "0 0"} {
		first, last, ok := Enclosing(text, line)
		if got := fmt.Sprint(first, last); got != want || ok != (want != "0 0") {
			t.Errorf("line %d is in %s, want %s", line, got, want)
		}
	}
}
