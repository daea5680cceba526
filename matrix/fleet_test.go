package matrix

import (
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/result"
)

// fleet returns an inventory with something of every kind.
func fleet() Inventory {
	return Inventory{
		NixOS:  []string{"reason", "laptop"},
		Darwin: []string{"mac"},
		Homes: []Home{
			{Key: "joachim@reason"},
			{Key: "joachim"},
			{Key: "work@laptop"},
			{Key: "work@attic"},
			{Key: "niri-desktop", Username: "niri"},
		},
		Embedded:   []Embedded{{Host: "laptop", User: "eve"}, {Host: "mac", User: "joachim"}},
		Checks:     []Output{{"x86_64-linux", "fmt"}},
		Packages:   []Output{{"x86_64-linux", "tool"}, {"aarch64-linux", "tool"}},
		DevShells:  []Output{{"x86_64-linux", "default"}},
		Formatters: []string{"x86_64-linux"},
	}
}

// oddNames returns names that flakes may have and programs stumble over.
func oddNames() []string {
	return []string{
		"", ".", "a.b", "a b", `a"b`, `a\b`, "a@b", "@", "@b", "a@", "a@b@c", "a/b", "a%2Fb", "%", "ü", "日本",
		"a\nb", "a\rb", "\x00", "${x}", "$${x}", "''", "with", "-a", "1", "*", "[", "a[b]", "x86_64-linux",
		"x86_64-linux/a", "a/home/b", "\u202e", "\xff", "all",
	}
}

func ids(cells []result.Cell) []string {
	list := []string{}
	for _, c := range cells {
		list = append(list, c.ID)
	}
	return list
}

func equal(a, b []string) bool { return slices.Equal(a, b) }

// wantIDs compares ids with a list of them, one on each line.
func wantIDs(t *testing.T, got []result.Cell, want string) {
	t.Helper()
	if fields := strings.Fields(want); !equal(ids(got), fields) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(ids(got), "\n  "), strings.Join(fields, "\n  "))
	}
}
