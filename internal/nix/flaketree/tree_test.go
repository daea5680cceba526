package flaketree

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestShorten(t *testing.T) {
	const rev = "0123456789012345678901234567890123456789"
	tree := Tree{StorePath: "/nix/store/x-source", Checkout: "/home/a b", Rev: rev}
	tests := map[string]string{
		"in /nix/store/x-source/a.nix and '/home/a b/c.nix'": "in a.nix and 'c.nix'",
		"/srv/home/a b/c":                              "/srv/home/a b/c",
		"git+file:///home/a b/c":                       "git+file:///home/a b/c",
		"at «git+file:///x?rev=" + rev + "»/a.nix:1:2": "at a.nix:1:2",
		"at «github:o/r/other»/a.nix":                  "at «github:o/r/other»/a.nix",
		"/home/a b":                                    "/home/a b",
	}
	for msg, want := range tests {
		if got := tree.Shorten(msg); got != want {
			t.Errorf("%q becomes %q, want %q", msg, got, want)
		}
	}
}

// A place in a flake is inside it, whatever the name of a file says.
func TestPlacesStayInTheFlake(t *testing.T) {
	tree := Tree{StorePath: "/nix/store/x-source", Checkout: "/checkout"}
	for _, file := range []string{"/checkout/../etc/passwd", "/checkout/.git/config", "/checkout/", "/checkout", "/checkouts/a", "a.nix", "", "«x»/a"} {
		if rel, ok := tree.Relative(file); ok {
			t.Errorf("%q is %q", file, rel)
		}
	}
}

// Neither a line nor a message leads out of the flake.
func TestLiteralsStayInTheFlake(t *testing.T) {
	for _, file := range Literals("hosts/a.nix", `./b ../../../etc/passwd "/../../etc" ../.git/config /a/../../b .//etc`) {
		if strings.Contains(file, "..") || strings.HasPrefix(file, "/") || strings.HasPrefix(file, ".git/") {
			t.Errorf("%q is not in the flake", file)
		}
	}
	if got := Literals("a.nix", "import ./b.nix"); !slices.Equal(got, []string{"b.nix"}) {
		t.Errorf("got %q", got)
	}
}

// Looking for a file takes several calls of the system.
func TestNamedInLimits(t *testing.T) {
	var b strings.Builder
	for i := range 10 * maxNamedIn {
		fmt.Fprintf(&b, "./a.nix ./none%d.nix\n", i)
	}
	looked := map[string]int{}
	tree := Tree{Read: func(file string) string {
		looked[file]++
		return map[string]string{"flake.nix": b.String(), "a.nix": "1"}[file]
	}}
	if got := tree.NamedIn("flake.nix"); len(got) != 1 || got[0] != "a.nix" {
		t.Errorf("got %q", got)
	}
	if looked["a.nix"] != 1 || len(looked) > 2*maxNamedIn+1 {
		t.Errorf("looked %d times for a.nix, and for %d files", looked["a.nix"], len(looked))
	}
}
