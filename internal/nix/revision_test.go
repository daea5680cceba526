package nix

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The flake is read as it was before its last commit, in every kind of clone and whatever is
// checked out.
func TestRefAt(t *testing.T) {
	eachLane(t, func(w *world) {
		dir := w.repository("origin")
		git(w.T, dir, "config", "uploadpack.allowAnySHA1InWant", "true")
		first := revision(w.T, dir, "main")
		text := strings.Replace(oneHost, "{", "{ description = \"second\";", 1)
		if err := os.WriteFile(filepath.Join(dir, "flake.nix"), []byte(text), 0o644); err != nil {
			w.Fatal(err)
		}
		git(w.T, dir, "commit", "--quiet", "--all", "--message", "second")
		git(w.T, w.scratch, "clone", "--quiet", "--depth", "1", "file://"+dir, "shallow")
		git(w.T, filepath.Join(w.scratch, "shallow"), "fetch", "--quiet", "--depth", "1", "origin", first)
		git(w.T, w.scratch, "clone", "--quiet", dir, "a clone")
		for _, name := range []string{"origin", "shallow", "a clone"} {
			clone := filepath.Join(w.scratch, name)
			if strings.Contains(name, " ") && w.refuses(clone) {
				continue
			}
			for _, ref := range []string{clone, "path:" + clone, filepath.Join(clone, "sub")} {
				f, err := w.client.Resolve(w.Context(), ref, FlakeOptions{})
				if err != nil {
					w.Fatal(err)
				}
				at, err := w.client.RefAt(f, first, name == "shallow")
				if err != nil {
					w.Fatal(err)
				}
				if got := w.offers(at); got.Rev != first || got.Checkout != "" {
					w.Errorf("%s of %s: got %+v", at, ref, got)
				}
				if got := w.mustRead(at, "flake.nix"); strings.Contains(got, "second") {
					w.Errorf("%s is what is checked out", at)
				}
			}
		}
		files{"flake.nix": oneHost}.write(w.T, filepath.Join(w.scratch, "nogit"), strings.NewReplacer())
		f, err := w.client.Resolve(w.Context(), filepath.Join(w.scratch, "nogit"), FlakeOptions{})
		if err != nil {
			w.Fatal(err)
		}
		if _, err := w.client.RefAt(f, first, false); err == nil {
			w.Error("there is no other revision of a folder without git")
		}
	})
}

func revision(t *testing.T, dir, branch string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, ".git", "refs", "heads", branch))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func (w *world) mustRead(ref, name string) string {
	w.Helper()
	f, err := w.client.Resolve(w.Context(), ref, FlakeOptions{})
	if err != nil {
		w.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(f.StorePath, name))
	if err != nil {
		w.Fatal(err)
	}
	return string(text)
}
