package pack

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// runGit runs git in a folder.
func runGit(t *testing.T, dir string, args ...string) string {
	t.Helper()
	all := append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always"}, args...)
	out, err := exec.Command("git", all...).CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return string(out)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// unpacked is an archive: files by their names, and the targets of links after an arrow.
func unpacked(t *testing.T, archive io.Reader) map[string]string {
	t.Helper()
	files := map[string]string{}
	for r := tar.NewReader(archive); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 {
			t.Errorf("%s belongs to %d:%d", h.Name, h.Uid, h.Gid)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := files["/"+h.Name]; twice {
			t.Errorf("%s is there twice", h.Name)
		}
		files["/"+h.Name] = string(text) + map[bool]string{true: "-> " + h.Linkname}[h.Linkname != ""]
	}
}

// restore makes an archive of checkouts, removes them, and unpacks the archive in their place.
func restore(t *testing.T, top string, dirs ...string) map[string]string {
	t.Helper()
	var out bytes.Buffer
	w := New(&out, os.Environ())
	w.Skip = filepath.Join(top, "repo", "artifacts")
	for _, dir := range dirs {
		if err := w.Checkout(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	files := unpacked(t, bytes.NewReader(out.Bytes()))
	if err := os.RemoveAll(top); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("tar", "-x", "-C", "/")
	cmd.Stdin = &out
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return files
}

// A checkout with submodule, worktree and borrowed objects works where the archive is unpacked,
// with its changes, and without what a run does not need.
func TestCheckout(t *testing.T) {
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(top, name) }
	for _, name := range []string{"lib", "lender"} {
		write(t, at(name+"/flake.nix"), "{ }")
		runGit(t, top, "init", "-q", name)
		runGit(t, at(name), "add", "-A")
		runGit(t, at(name), "commit", "-q", "-m", name)
	}
	runGit(t, top, "clone", "-q", "--shared", "lender", "repo")
	runGit(t, at("repo"), "submodule", "--quiet", "add", at("lib"), "sub/lib")
	write(t, at("repo/tracked file"), "old")
	write(t, at("repo/.gitignore"), "*.log\n")
	if err := os.Symlink("tracked file", at("repo/link")); err != nil {
		t.Fatal(err)
	}
	runGit(t, at("repo"), "add", "-A")
	runGit(t, at("repo"), "commit", "-q", "-m", "all")
	runGit(t, at("repo"), "config", "http.https://example.org/.extraheader", "AUTHORIZATION: basic c2VjcmV0")
	runGit(t, at("repo"), "worktree", "add", "-q", "-b", "other", at("tree"))
	for name, text := range map[string]string{
		"repo/tracked file": "new", "repo/new.nix": "1", "repo/secret.env": "s3cret", "repo/x.log": "l", "repo/artifacts/a.nix": "a",
		"repo/.git/hooks/post-checkout": "evil", "repo/.git/index.lock": "", "repo/.git/refs/heads/config": runGit(t, at("repo"), "rev-parse", "HEAD"),
		"repo/nested/flake.nix": "{ }", "repo/.git/modules/sub/lib/hooks/x": "evil",
	} {
		write(t, at(name), text)
	}
	runGit(t, top, "init", "-q", at("repo/nested"))
	files := restore(t, top, at("repo"), at("tree"))
	for name, text := range files {
		if strings.Contains(text, "c2VjcmV0") || strings.Contains(text, "evil") || strings.Contains(text, "s3cret") {
			t.Errorf("%s is in the archive: %s", name, text)
		}
		if strings.Contains(name, "nested") || strings.HasSuffix(name, ".log") || strings.Contains(name, "/artifacts/") || strings.HasSuffix(name, ".lock") {
			t.Errorf("%s is in the archive", name)
		}
	}
	if got := runGit(t, at("repo"), "status", "--short"); got != " M \"tracked file\"\n?? new.nix\n" {
		t.Errorf("status of the copy:\n%s", got)
	}
	if got := runGit(t, at("repo/sub/lib"), "status", "--short") + runGit(t, at("tree"), "status", "--short"); got != "" {
		t.Errorf("status of the submodule and the work tree:\n%s", got)
	}
	runGit(t, at("repo"), "fsck", "--strict", "--no-dangling")
	if got := strings.TrimSpace(runGit(t, at("tree"), "branch", "--show-current")); got != "other" {
		t.Errorf("the work tree is on %s", got)
	}
	if files[at("repo/link")] != "-> tracked file" {
		t.Errorf("the link is %q", files[at("repo/link")])
	}
}

// A tree has everything but repositories, and may get another place.
func TestTree(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a/b"), "b")
	write(t, filepath.Join(dir, ".git/config"), "a password")
	write(t, filepath.Join(dir, "a/.git"), "gitdir: ../../elsewhere")
	if err := os.MkdirAll(filepath.Join(dir, "empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := New(&out, nil)
	for _, at := range []string{"/x/y", "/x/y"} { // twice, as by two flags
		if err := w.Tree(dir, at); err != nil {
			t.Fatal(err)
		}
	}
	for _, at := range []string{"/x", "/work"} {
		if err := w.Folder(at); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	files := unpacked(t, &out)
	if len(files) != 4 || files["/x/y/a/b"] != "b" {
		t.Errorf("files: %q", files)
	}
	for _, name := range []string{"/x/y/a/", "/x/y/empty/", "/work/"} {
		if _, found := files[name]; !found {
			t.Errorf("no %s in %q", name, files)
		}
	}
}
