package safefile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/safefile"
)

// A report may name any path, and a folder of artifacts may hold any link.
func TestArtifactsAreReadFromTheirFolderOnly(t *testing.T) {
	const limit = 1 << 20
	home := t.TempDir()
	secret := filepath.Join(home, "secret")
	write(t, secret, "secret")
	folder := filepath.Join(home, "artifacts")
	write(t, filepath.Join(folder, "logs", "a.log"), "a log")
	write(t, filepath.Join(folder, "vm", "reason", "serial.log"), "a console")
	link := func(target, name string) {
		if err := os.Symlink(target, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	link(secret, "absolute.log")
	link("../secret", "up.log")
	link("..", "parent")
	link("logs/a.log", "within.log")
	if err := syscall.Mkfifo(filepath.Join(folder, "pipe.log"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"artifacts/logs/a.log":                       "a log",
		"elsewhere/of/a/runner/vm/reason/serial.log": "a console",
		filepath.Join(folder, "logs/a.log"):          "a log",
		"artifacts/within.log":                       "a log",
		secret:                                       "",
		"/etc/passwd":                                "",
		"../secret":                                  "",
		"artifacts/../../secret":                     "",
		"artifacts/absolute.log":                     "",
		"artifacts/up.log":                           "",
		"artifacts/parent/secret":                    "",
		"artifacts/pipe.log":                         "",
		"artifacts/logs":                             "",
		"/dev/zero":                                  "",
		"artifacts/\x00":                             "",
		".":                                          "",
		"":                                           "",
	} {
		began := time.Now()
		got, err := safefile.EndBelow(folder, path, limit)
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%q: read %q, %v", path, got, err)
		}
		if time.Since(began) > time.Minute {
			t.Errorf("%q: waited", path)
		}
	}
	if err := os.Symlink(home, filepath.Join(home, "linked")); err != nil {
		t.Fatal(err)
	}
	if got, err := safefile.EndBelow(filepath.Join(home, "linked"), "secret", limit); err == nil || !strings.Contains(err.Error(), "link") {
		t.Errorf("through a link: read %q, %v", got, err)
	}
}

func TestLongArtifacts(t *testing.T) {
	const limit = 1 << 20
	folder := t.TempDir()
	write(t, filepath.Join(folder, "long.log"), strings.Repeat("x", limit)+"the end")
	got, err := safefile.EndBelow(folder, "artifacts/long.log", limit)
	if err != nil || len(got) != limit || !bytes.HasSuffix(got, []byte("xthe end")) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
