package source

import (
	"errors"
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
	tree := NewTree(dir)
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
	if got := Read(filepath.Join(dir, "gone"), "a"); got != "" {
		t.Errorf("a file in no folder: %q", got)
	}
	if got := NewTree(filepath.Join(dir, "gone")).NixFiles(); got != nil {
		t.Errorf("files in no folder: %q", got)
	}
}

// A flake can have files of any size, and any number of them.
func TestLimits(t *testing.T) {
	dir := t.TempDir()
	const files = maxKept / maxFile
	for i := range files + 2 {
		name := filepath.Join(dir, fmt.Sprintf("%03d.nix", i))
		size := int64(maxFile)
		if i == 0 {
			size++
		}
		if err := errors.Join(os.WriteFile(name, nil, 0o600), os.Truncate(name, size)); err != nil {
			t.Fatal(err)
		}
	}
	if got := NewTree(dir).NixFiles(); len(got) != files || got[0] != "001.nix" {
		t.Errorf("%d files: %q", len(got), got)
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
