package luggage

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What a reference names goes along, at the path that the reference has in the container.
func TestReferences(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"flake/sub", "repo/.git", "repo/sub", "plain"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "flake/flake.nix"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("plain", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	in := func(path string) string { return filepath.Join(dir, path) }
	for ref, want := range map[string]struct {
		trees    map[string]string
		checkout string
	}{
		"flake":                                 {trees: map[string]string{in("flake"): in("flake")}},
		"flake/sub":                             {trees: map[string]string{in("flake"): in("flake")}},
		"path:./plain":                          {trees: map[string]string{in("plain"): in("plain")}},
		"path:link":                             {trees: map[string]string{in("link"): in("plain")}},
		"path:repo/sub":                         {trees: map[string]string{in("repo/sub"): in("repo/sub")}},
		"repo":                                  {checkout: in("repo")},
		"repo/sub":                              {checkout: in("repo/sub")},
		"git+file://" + in("repo") + "?dir=sub": {checkout: in("repo")},
		"git+file:repo?ref=main":                {checkout: in("repo")},
		"github:o/r":                            {},
		"nixpkgs":                               {},
		"none":                                  {},
	} {
		l := Luggage{Dir: dir, trees: map[string]string{}}
		l.AddRef(ref)
		if !maps.Equal(l.trees, want.trees) || len(l.checkouts) > 1 || slices.Contains(l.checkouts, want.checkout) != (want.checkout != "") {
			t.Errorf("%s: trees %q, checkouts %q", ref, l.trees, l.checkouts)
		}
	}
	l, err := New(filepath.Join(dir, "link"))
	if err != nil || !slices.Equal(l.Args, []string{"run", in("plain")}) {
		t.Errorf("a link: %q, %v", l.Args, err)
	}
	if l, err = New("link/../plain"); err != nil || !slices.Equal(l.Args, []string{"run", "link/../plain"}) {
		t.Errorf("a path that leads there without a link: %q, %v", l.Args, err)
	}
}

// A binary cache in a folder goes along. Other stores are elsewhere, or are those of the container.
func TestStores(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for store, want := range map[string]map[string]string{
		"file://" + dir:                 {dir: dir},
		"file://" + dir + "?priority=1": {dir: dir},
		"file:///none":                  {},
		dir:                             {},
		"https://cache.example.org":     {},
		"daemon":                        {},
	} {
		l := Luggage{Dir: dir, trees: map[string]string{}}
		l.AddStore("--derivations-from", store)
		if !maps.Equal(l.trees, want) || !slices.Equal(l.Args, []string{"--derivations-from=" + store}) {
			t.Errorf("%s: trees %q, arguments %q", store, l.trees, l.Args)
		}
	}
}

// Folders that a stranger's flakeci.toml may take into the container.
func TestOutside(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"repo/.git/logs", "repo/nix/input", "private"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"repo/out": "../private", "repo/in": "nix", "repo/store": "/nix/store"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Join(dir, "repo"))
	l, err := New("./nix")
	if err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]bool{
		"path:./nix/input": false, "path:.": false, "./in/input": false, "git+file:" + dir + "/repo": false, "github:o/r": false, "path:./none": false,
		"path:" + dir + "/private": true, "path:..": true, "path:./out": true, dir + "/private": true, "git+file://" + dir + "/private?ref=x": true,
		"path:./.git": true, "./.git/logs": true, "/": true, "path:./store": true,
	} {
		if got := l.Outside(ref); got != want {
			t.Errorf("%s: %v", ref, got)
		}
	}
	if l, err = New("github:o/r"); err != nil || !l.Outside("path:./nix") {
		t.Errorf("a flake from elsewhere: %v", err)
	}
}
