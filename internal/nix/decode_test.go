package nix

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/flakeci/flakeci/internal/nix/builders"
	"github.com/flakeci/flakeci/internal/nix/source"
)

// versionLines maps what Nix and similar binaries print to their version, or to nil if there
// is none.
func versionLines() map[string]*Version {
	return map[string]*Version{
		"nix (Nix) 2.8.0\n":                       {2, 8, 0},
		"nix (Nix) 2.34.8":                        {2, 34, 8},
		"nix (Lix, like Nix) 2.93.0\n":            {2, 93, 0},
		"nix (Determinate Nix 3.5.2) 2.28.3\n":    {2, 28, 3},
		"nix (Nix) 2.19pre20231011_dirty\n":       {2, 19, 0},
		"nix (Nix) 2.24.0pre20240802_1a2b3c4\n":   {2, 24, 0},
		"":                                        nil,
		"hello world":                             nil,
		"nix (Nix) 99999999999999999999.0.0":      nil,
		"nix (Nix) 2.8.0\nwarning: something odd": nil,
	}
}

func TestParseVersion(t *testing.T) {
	for line, want := range versionLines() {
		got, err := parseVersion(line)
		if (err == nil) != (want != nil) || want != nil && got != *want {
			t.Errorf("%q is %v, %v; want %v", line, got, err, want)
		}
	}
	if v := (Version{2, 8, 0}); v.Less(v) || !v.Less(Version{2, 8, 1}) || !v.Less(Version{2, 26, 3}) || !v.Less(Version{3, 0, 0}) || (Version{3, 0, 0}).Less(v) {
		t.Error("versions are in a wrong order")
	}
}

// Nix 2.34 shows {} for a check that is a function, null or a set. If that were left out, it
// would silently go untested.
func TestShownEmpty(t *testing.T) {
	var root showNode
	if err := json.Unmarshal([]byte(`{
		"checks": {"x86_64-linux": {"good": {"type": "derivation", "name": "good"}, "partly": {}}, "i686-linux": {}},
		"packages": {"x86_64-linux": {"none": {}}}, "formatter": {"x86_64-linux": {}}
	}`), &root); err != nil {
		t.Fatal(err)
	}
	got := root.offer()
	want := Offer{
		Checks:     []Attr{{"x86_64-linux", "good"}, {"x86_64-linux", "partly"}},
		Packages:   []Attr{{"x86_64-linux", "none"}},
		Formatters: []string{"x86_64-linux"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestMachineWithRemotes(t *testing.T) {
	m, err := decodeMachine([]byte(`{"system": {"value": "x86_64-linux"}, "extra-platforms": {"value": ["i686-linux"]}, "max-jobs": {"value": 0}, "builders": {"value": "ssh://a - - 4"}}`))
	want := Machine{
		System: "x86_64-linux", Local: []string{"x86_64-linux", "i686-linux"}, Systems: []string{"x86_64-linux", "i686-linux"},
		Remotes: []builders.Remote{{Name: "ssh://a", Systems: []string{"x86_64-linux"}, Jobs: 4, Line: "ssh://a - - 4"}},
	}
	if err != nil || !reflect.DeepEqual(m, want) {
		t.Errorf("got %+v, %v; want %+v", m, err, want)
	}
	if m, err := decodeMachine([]byte(`{"system": {"value": "x86_64-linux"}}`)); err != nil || m.MaxJobs != 1 {
		t.Errorf("got %+v, %v", m, err)
	}
}

// A link in a flake may lead anywhere.
func TestReadFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	f := Flake{StorePath: dir, source: source.NewTree(dir, "")}
	if err := os.Symlink("/dev/zero", filepath.Join(f.StorePath, "endless")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.StorePath, "file"), []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"endless": "", "file": "text", "../file": "", "none": ""} {
		if got := f.read(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
}
