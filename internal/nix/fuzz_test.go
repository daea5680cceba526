package nix

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/flakeci/flakeci/internal/nix/recordings"
)

func FuzzShow(f *testing.F) {
	recordings.Seed(f, "flake-show", "stdout")
	f.Add([]byte(`{"packages":{"x":{"type":{"type":"derivation"}}},"formatter":5,"nixosConfigurations":{"type":"unknown"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var root showNode
		if json.Unmarshal(data, &root) != nil {
			return
		}
		o := root.offer()
		for _, names := range [][]string{o.NixOS, o.Formatters} {
			if !slices.IsSorted(names) || !utf8.ValidString(strings.Join(names, "")) {
				t.Errorf("names %q", names)
			}
		}
		for _, attrs := range [][]Attr{o.Checks, o.Packages, o.DevShells} {
			if !slices.IsSortedFunc(attrs, func(a, b Attr) int {
				return strings.Compare(a.System+"\x00"+a.Name, b.System+"\x00"+b.Name)
			}) {
				t.Errorf("attributes %q", attrs)
			}
		}
	})
}

func FuzzVersion(f *testing.F) {
	for line := range versionLines() {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		v, err := parseVersion(line)
		if err != nil {
			return
		}
		if again, err := parseVersion(v.String()); err != nil || again != v || v.Less(again) {
			t.Errorf("%q is %v, then %v, %v", line, v, again, err)
		}
	})
}

func FuzzLockFile(f *testing.F) {
	recordings.Seed(f, "flake-metadata", "stdout")
	f.Fuzz(func(t *testing.T, data []byte) {
		var m metadata
		if json.Unmarshal(data, &m) != nil {
			return
		}
		var flake Flake
		flake.fill(m)
		_ = flake.locks.NameOf("git+file:///nonexistent/secrets?rev=0123456789012345678901234567890123456789")
	})
}
