package container

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/artifact"
)

// A builder may have written anything among the artifacts. Only files are taken, and all stay in
// the folder.
func TestUnpack(t *testing.T) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range []tar.Header{
		{Name: "artifacts/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: "artifacts/logs/a.log", Typeflag: tar.TypeReg, Size: 1},
		{Name: "artifacts/../../out/b", Typeflag: tar.TypeReg, Size: 1},
		{Name: "artifacts/logs/../../../c", Typeflag: tar.TypeReg, Size: 1},
		{Name: "artifacts/logs/link", Typeflag: tar.TypeSymlink, Linkname: "/etc"},
		{Name: "artifacts/logs/link/d", Typeflag: tar.TypeReg, Size: 1},
		{Name: "/abs/e", Typeflag: tar.TypeReg, Size: 1},
		{Name: "artifacts/logs/hard", Typeflag: tar.TypeLink, Linkname: "artifacts/logs/a.log"},
		{Name: "artifacts/pipe", Typeflag: tar.TypeFifo},
	} {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(bytes.Repeat([]byte("x"), int(h.Size))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	above := t.TempDir()
	dir := filepath.Join(above, "a", "b")
	written, err := unpack(tar.NewReader(&out), &artifact.Folder{Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range written {
		if !strings.HasPrefix(path, dir+"/") {
			t.Errorf("%s was written", path)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "logs", "a.log")); err != nil {
		t.Error(err)
	}
	all, err := filepath.Glob(filepath.Join(above, "*"))
	if err != nil || len(all) != 1 {
		t.Errorf("next to the folder: %q, %v", all, err)
	}
	if links, _ := filepath.Glob(filepath.Join(dir, "logs", "hard")); len(links) > 0 {
		t.Errorf("a link was taken: %q", links)
	}
}

// Below sudo, what a run wrote belongs to the user; other files keep their owner.
func TestGiveBack(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	dir := t.TempDir()
	folder := filepath.Join(dir, "artifacts")
	log, report, other := filepath.Join(folder, "logs", "x.log"), filepath.Join(dir, "r.json"), filepath.Join(dir, "other")
	if err := os.MkdirAll(filepath.Dir(log), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{log, report, other} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(other, link); err != nil {
		t.Fatal(err)
	}
	if err := GiveBack(environment(nil), folder, []string{log, report}); err != nil || owner(t, log) != "0" {
		t.Errorf("without sudo: %v, %s", err, owner(t, log))
	}
	if err := GiveBack(environment(map[string]string{"SUDO_UID": "4321", "SUDO_GID": "1234"}), folder, []string{log, report, link, dir + "/none"}); err != nil {
		t.Error(err)
	}
	for path, want := range map[string]string{log: "4321", report: "4321", folder: "4321", filepath.Dir(log): "4321", other: "0", dir: "0"} {
		if got := owner(t, path); got != want {
			t.Errorf("%s belongs to %s, want %s", path, got, want)
		}
	}
}

func owner(t *testing.T, path string) string {
	t.Helper()
	uid, err := ownerOf(path)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(uid)
}
