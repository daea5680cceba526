package source

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestTree(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "secret.nix")
	for name, text := range map[string]string{
		filepath.Join(dir, "flake.nix"): "{ }", filepath.Join(dir, "hosts", "a.nix"): "1", filepath.Join(dir, ".git", "b.nix"): "2",
		filepath.Join(dir, "README"): "3", outside: "secret",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link.nix")); err != nil {
		t.Fatal(err)
	}
	tree := NewTree(dir, "")
	if got := tree.NixFiles(); !slices.Equal(got, []string{"flake.nix", "hosts/a.nix"}) {
		t.Errorf("the files are %q", got)
	}
	for name, want := range map[string]string{"hosts/a.nix": "1", "README": "3", "link.nix": "", "../" + filepath.Base(filepath.Dir(outside)) + "/secret.nix": "", "gone": "", "hosts": ""} {
		for range 2 {
			if got := tree.Read(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
	}
	if got := NewTree(filepath.Join(dir, "gone"), "").Read("a"); got != "" {
		t.Errorf("a file in no folder: %q", got)
	}
	if got := NewTree(filepath.Join(dir, "gone"), "").NixFiles(); got != nil {
		t.Errorf("files in no folder: %q", got)
	}
}

func TestReadUnresolved(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"flake.nix": "{ }", "flake.lock": "1", ".env": "secret", "sub/flake.nix": "2", "sub/a.nix": "3"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "link"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../.env", filepath.Join(dir, "link", "flake.nix")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"flake.nix": "{ }", "flake.lock": "1", "sub/flake.nix": "2", ".env": "", "sub/a.nix": "", "link/flake.nix": "", "gone/flake.nix": ""} {
		if got := ReadUnresolved(dir, name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// A repository may have several flakes, and templates for more.
func TestNixFilesOfOneFlake(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/flake.nix", "a/host.nix", "b/flake.nix", "b/sub/flake.nix", "b/host.nix", "host.nix", "flake.nix", "lib/x.nix"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("1"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for own, want := range map[string][]string{
		"":  {"flake.nix", "host.nix", "lib/x.nix"},
		"b": {"b/flake.nix", "b/host.nix", "flake.nix", "host.nix", "lib/x.nix"},
	} {
		if got := NewTree(dir, own).NixFiles(); !slices.Equal(got, want) {
			t.Errorf("the files of a flake in %q are %q, want %q", own, got, want)
		}
	}
}

func TestNixFilesOfBigFlake(t *testing.T) {
	dir := t.TempDir()
	for name, size := range map[string]int64{"a.nix": maxFile + 1, "b.nix": maxFile} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(file, size); err != nil {
			t.Fatal(err)
		}
	}
	for i := range maxKept / maxFile {
		if err := os.Link(filepath.Join(dir, "b.nix"), filepath.Join(dir, fmt.Sprintf("c%02d.nix", i))); err != nil {
			t.Fatal(err)
		}
	}
	if got := NewTree(dir, "").NixFiles(); len(got) != maxKept/maxFile || got[0] != "b.nix" {
		t.Errorf("%d files of a flake with too much text: %q", len(got), got)
	}
}
