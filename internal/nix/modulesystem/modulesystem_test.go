package modulesystem

import (
	"strings"
	"testing"
)

// Messages of real module systems, from 2018 to 2026.
var messages = []struct{ message, title, files, advice string }{
	{
		"The option `programs.gitt' does not exist. Definition values:\n- In `users/anna/pi.nix':\n    {\n      enable = true;\n    }\n\nDid you mean `programs.git', `programs.gh' or `programs.gitui'?",
		"option programs.gitt does not exist, set in users/anna/pi.nix", "users/anna/pi.nix", "Did you mean `programs.git', `programs.gh' or `programs.gitui'?",
	},
	{
		"The option `services.opensssh' defined in `hosts/ada' does not exist.",
		"option services.opensssh does not exist, set in hosts/ada", "hosts/ada", "",
	},
	{
		"A definition for option `home.homeDirectory' is not of type `absolute path'. Definition values:\n- In `users/anna/bob.nix': \"relative\"",
		`option home.homeDirectory is not of type absolute path: "relative" in users/anna/bob.nix`, "users/anna/bob.nix", "",
	},
	{
		"A definition for option `home.stateVersion' is not of type `one of \"18.09\", \"19.03\", \"19.09\", \"20.03\", \"20.09\", \"26.11\"'. Definition values:\n- In `users/bert/ada.nix': \"99.99\"",
		`option home.stateVersion is not one of "18.09", "19.03", … "26.11": "99.99" in users/bert/ada.nix`, "users/bert/ada.nix", "",
	},
	{
		"A definition for option `services.a.b' is not of type `attribute set of (submodule)'. TypeError: Definition values:\n- In `a.nix': 1",
		"option services.a.b is not of type attribute set of (submodule): 1 in a.nix", "a.nix", "",
	},
	{
		"The option value `services.postfix.hostname' in `hosts/fox' is not of type `string'.",
		"option services.postfix.hostname is not of type string, set in hosts/fox", "hosts/fox", "",
	},
	{
		"The option `home.stateVersion' was accessed but has no value defined. Try setting the option.",
		"option home.stateVersion has no value", "", "",
	},
	{"The option `a.b' is used but not defined.", "option a.b has no value", "", ""},
	{
		"The option `programs.git.settings.user.name' has conflicting definition values:\n- In `users/shared': \"bert\"\n- In `home-manager/modules/programs/git.nix': \"old\"\nUse `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.",
		`option programs.git.settings.user.name has conflicting values: "bert" in users/shared, "old" in home-manager/modules/programs/git.nix`,
		"users/shared home-manager/modules/programs/git.nix", "Use `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.",
	},
	{
		"The option `a.b' has conflicting definitions, in `/x/a.nix' and `/x/b.nix'.",
		"option a.b has conflicting values, set in /x/a.nix and /x/b.nix", "/x/a.nix /x/b.nix", "",
	},
	{
		"The option `networking.hostName' is defined multiple times, in `hosts/eve/second.nix' and `hosts/eve'.",
		"option networking.hostName is set more than once, in hosts/eve/second.nix and hosts/eve", "hosts/eve/second.nix hosts/eve", "",
	},
	{
		"The unique option `networking.hostName' is defined multiple times, in:\n - /nix/store/x/a.nix\n - /nix/store/x/b.nix.",
		"option networking.hostName is set more than once, in /nix/store/x/a.nix and /nix/store/x/b.nix", "/nix/store/x/a.nix /nix/store/x/b.nix", "",
	},
	{
		"The option `a.b' is defined multiple times while it's expected to be unique.\n\nDefinition values:\n- In `a.nix': 1\n- In `b.nix': 2\nUse `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.",
		"option a.b is set more than once, in a.nix and b.nix", "a.nix b.nix", "Use `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.",
	},
	{
		"The option `a.b' is read-only, but it's set multiple times. Definition values:\n- In `a.nix': 1\n- In `b.nix': 2",
		"read-only option a.b is set more than once, in a.nix and b.nix", "a.nix b.nix", "",
	},
	{
		"The option `a.b' in `b.nix' is already declared in `a.nix'.",
		"option a.b is declared twice, in b.nix and a.nix", "b.nix a.nix", "",
	},
	{
		"The option definition `services.old' in `hosts/a.nix' no longer has any effect; please remove it.\nUse services.new.",
		"option services.old no longer exists, set in hosts/a.nix", "hosts/a.nix", "",
	},
	{
		"In module `hosts/a.nix', you're trying to define a value of type `bool'\nrather than an attribute set for the option\n`services.nginx'!\n\nThis usually happens if …",
		"option services.nginx contains options, but is set to a single value in hosts/a.nix", "hosts/a.nix", "",
	},
	{
		"Module `hosts/a.nix' has an unsupported attribute `services'. This is caused by introducing a top-level `config' or `options' attribute. Add …",
		"module hosts/a.nix has an attribute services beside config or options", "hosts/a.nix", "",
	},
	{
		"Cannot merge definitions of `x.y'. Definition values:\n- In `flake.nix, via option flake.modules.nixos.a':\n    {\n      long = 1;\n    }\n- In `b.nix': " + strings.Repeat("9", 50),
		"option x.y has conflicting values: {… in flake.nix, " + strings.Repeat("9", 40) + "… in b.nix", "flake.nix b.nix", "",
	},
	{
		"The option `a.b' has conflicting definitions, in `<unknown-file>' and `/x/b.nix'.",
		"option a.b has conflicting values, set in /x/b.nix", "<unknown-file> /x/b.nix", "",
	},
	{
		"The option `a.b' has conflicting definitions, in `<unknown-file>' and `<unknown-file>'.",
		"option a.b has conflicting values", "<unknown-file>", "",
	},
	{
		"Module `<unknown-file>' has an unsupported attribute `services'. This is caused by introducing a top-level `config' or `options' attribute.",
		"module has an attribute services beside config or options", "<unknown-file>", "",
	},
	{"module /x/a.nix (/x/a.nix) does not look like a module.", "", "/x/a.nix", ""},
	{"The module `hosts/home.nix' (class: \"homeManager\") cannot be imported into a module evaluation that expects class \"nixos\".", "", "hosts/home.nix", ""},
	{"In module hosts/a.nix: expected an option declaration at option path `a.b` but got an attribute set with type if", "", "", ""},
}

func TestParse(t *testing.T) {
	for _, m := range messages {
		e, ok := Parse(m.message)
		if ok != (m.title != "" || m.files != "") {
			t.Errorf("%q: ok is %v", m.message, ok)
			continue
		}
		if e.Title() != m.title || strings.Join(e.Files(), " ") != m.files || e.Advice != m.advice {
			t.Errorf("%q: got\n%q\n%q\n%q", m.message, e.Title(), e.Files(), e.Advice)
		}
	}
	for _, other := range []string{"", "attribute 'x' missing", "The option is on", "- In a dream: yes"} {
		if e, ok := Parse(other); ok {
			t.Errorf("%q is %+v", other, e)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, m := range messages {
		f.Add(m.message)
	}
	f.Fuzz(func(t *testing.T, message string) {
		e, ok := Parse(message)
		if !ok {
			return
		}
		if e.Kind != Other && e.Option == "" {
			t.Errorf("%q has no option", message)
		}
		if strings.Contains(e.Title(), "\n") {
			t.Errorf("the title of %q has several lines: %q", message, e.Title())
		}
	})
}

func TestHome(t *testing.T) {
	for option, want := range map[string][2]string{
		"home-manager.users.anna.programs.git":     {"anna", "programs.git"},
		`home-manager.users."anna.b".programs.git`: {"anna.b", "programs.git"},
		"home-manager.users.anna":                  {"", "home-manager.users.anna"},
		"services.home-manager.users.anna.x":       {"", "services.home-manager.users.anna.x"},
		"":                                         {},
	} {
		if user, inside := Home(option); user != want[0] || inside != want[1] {
			t.Errorf("%s: got %q, %q", option, user, inside)
		}
	}
}

func TestWithoutEntry(t *testing.T) {
	for option, want := range map[string]string{
		"services.a.b":                                                "services.a.b",
		"services.a.[definition 1-entry 2].name":                      "services.a",
		`services.a."[definition 1-entry 2]".name`:                    "services.a",
		"services.a.[definition 12-entry 3].b.[definition 1-entry 1]": "services.a",
	} {
		if got := WithoutEntry(option); got != want {
			t.Errorf("%s: got %q", option, got)
		}
	}
}
