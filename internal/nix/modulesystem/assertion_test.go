package modulesystem

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestAssertions(t *testing.T) {
	for message, want := range map[string]string{
		"\nFailed assertions:\n- a: no disk.\n  Set one.\n- The clock is kept twice.\n": `["a: no disk.\n  Set one." "The clock is kept twice."]`,
		"Failed assertions:":           "[]",
		"no\nFailed assertions:\n- a":  "[]",
		"Failed assertions:\n- a\n\nb": `["a\n\nb"]`,
	} {
		if got := fmt.Sprintf("%q", Assertions(message)); got != want {
			t.Errorf("%q: got %s", message, got)
		}
	}
}

func TestNamed(t *testing.T) {
	for text, want := range map[string][]string{
		"No key source configured for sops. Either set services.openssh.enable or set sops.age.keyFile": {"services.openssh.enable", "sops.age.keyFile"},
		"stylix: one of `stylix.image' or `stylix.base16Scheme' must be set.":                           {"stylix.image", "stylix.base16Scheme"},
		"The ‘fileSystems’ option does not specify your root file system.":                              {"fileSystems"},
		"set 'x' in hosts/a.nix with lib.mkForce":                                                       {"x"},
		"nothing": nil,
	} {
		if got := Named(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

func TestCollisions(t *testing.T) {
	if got := Collisions("Conflicting managed target files: .config/a, .b\n\nThis may happen"); !slices.Equal(got, []string{".config/a", ".b"}) {
		t.Errorf("got %q", got)
	}
	if got := Collisions("no"); got != nil {
		t.Errorf("got %q", got)
	}
}

func TestRenamed(t *testing.T) {
	r, ok := Renamed("The option `programs.git.userName' defined in `users/bert/cay.nix' has been renamed to `programs.git.settings.user.name'.")
	if !ok || r != (Rename{"programs.git.userName", "programs.git.settings.user.name", "users/bert/cay.nix"}) {
		t.Errorf("got %+v, %v", r, ok)
	}
	if _, ok := Renamed("The option `a' has been renamed."); ok {
		t.Error("found a file where there is none")
	}
}

// A flake can throw lists of any length.
func TestLimits(t *testing.T) {
	const many = 1000
	if e, _ := Parse("The option `a' has conflicting definition values:\n" + strings.Repeat("- In `/a': 1\n", many)); len(e.Definitions) != maxDefinitions {
		t.Errorf("%d definitions", len(e.Definitions))
	}
	items := Assertions("Failed assertions:\n" + strings.Repeat("- a\n", many))
	if len(items) != maxAssertions || strings.Count(strings.Join(items, ""), "a") != many {
		t.Errorf("%d assertions: %q", len(items), items)
	}
	if got := Collisions("Conflicting managed target files: " + strings.Repeat("a, ", many)); len(got) != maxCollisions {
		t.Errorf("%d files", len(got))
	}
}
