package flakeref

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

func TestAbsolute(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"examples/fleet", "odd #?%"} {
		if err := os.MkdirAll(name, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		"examples/fleet": dir + "/examples/fleet", ".": dir, "path:examples/fleet": "path:" + dir + "/examples/fleet",
		"odd #?%": dir + "/odd #?%", "nixpkgs": "nixpkgs", "github:o/r": "github:o/r", "file": "file", "": "", "path:none": "path:none",
		"git+file:///x?dir=a": "git+file:///x?dir=a",
	}
	for ref, want := range tests {
		if got := Parse(ref).Absolute(); got != want {
			t.Errorf("Absolute(%q) is %q, want %q", ref, got, want)
		}
	}
}

// Nix looks for flake.nix upwards from a folder, and so does flakeci for flakeci.toml next to it.
func TestFlakeFolder(t *testing.T) {
	dir := t.TempDir()
	below := filepath.Join(dir, "flake", "hosts")
	if err := os.MkdirAll(below, 0o700); err != nil {
		t.Fatal(err)
	}
	flake := filepath.Dir(below)
	if err := os.WriteFile(filepath.Join(flake, "flake.nix"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]string{
		flake: flake, below: flake, "path:" + below: flake, filepath.Join(below, "none"): flake,
		dir: "", "github:o/r": "", "nixpkgs": "",
	} {
		if got := Parse(ref).FlakeFolder(); got != want {
			t.Errorf("FlakeFolder(%q) is %q, want %q", ref, got, want)
		}
	}
}

// A URL gets the parameters that it lacks, and none twice.
func TestComplete(t *testing.T) {
	for _, c := range []struct{ of, ref, want string }{
		{`{"type":"git","submodules":true}`, "git+file:///x", "git+file:///x?submodules=1"},
		{`{"type":"git","submodules":false}`, "git+file:///x", "git+file:///x"},
		{`{"type":"git","submodules":true,"dir":"a b"}`, "git+file:///x?dir=a%20b&submodules=1", "git+file:///x?dir=a%20b&submodules=1"},
		{`{"type":"git","allRefs":true,"ref":"v+1"}`, "git+file:///x?ref=v+1", "git+file:///x?ref=v+1&allRefs=1"},
		{`{"type":"github","owner":"o","repo":"r","host":"git.example.org"}`, "github:o/r/0123", "github:o/r/0123?host=git.example.org"},
		{`{"type":"path","path":"/x","rev":"0123"}`, "path:/x?rev=0123", "path:/x?rev=0123"},
		{`{"type":"tarball","url":"https://x/y.tar.gz"}`, "https://x/y.tar.gz", "https://x/y.tar.gz"},
	} {
		var s Source
		if err := s.UnmarshalJSON([]byte(c.of)); err != nil {
			t.Fatal(err)
		}
		if got := s.Complete(c.ref); got != c.want {
			t.Errorf("%s of %s: %s", c.ref, c.of, got)
		}
	}
}

// A lock file may have a cycle, and inputs that follow others.
func TestNameOfAnInput(t *testing.T) {
	source := func(url string) Source { return Source{Type: "git", URL: url} }
	inputs := func(pairs ...string) map[string]json.RawMessage {
		m := map[string]json.RawMessage{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = json.RawMessage(pairs[i+1])
		}
		return m
	}
	locks := LockFile{Root: "root", Nodes: map[string]LockNode{
		"root": {Inputs: inputs("a", `"a"`, "b", `"b"`, "follows", `["a", "c"]`)},
		"a":    {Inputs: inputs("c", `"c"`, "back", `"a"`), Locked: source("https://127.0.0.1/a")},
		"b":    {Inputs: inputs("c", `"c"`), Locked: source("https://127.0.0.1/a/b")},
		"c":    {Inputs: inputs("root", `"root"`), Locked: source("https://127.0.0.1/c%20d")},
	}}
	for url, want := range map[string]string{
		"git+https://127.0.0.1/a?ref=x": "a", "git+https://127.0.0.1/a/b": "b", "git+https://127.0.0.1/c%20d": "a/c", "https://127.0.0.1/": "", "": "",
	} {
		if got := locks.NameOf(url); got != want {
			t.Errorf("%q is input %q, want %q", url, got, want)
		}
	}
}
