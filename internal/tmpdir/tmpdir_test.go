package tmpdir

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A later run removes the folder of a killed run, and nothing else.
func TestFolderOfAKilledRun(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	old := func(path string) string {
		t.Helper()
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	folder := func(name string, locks bool) string {
		t.Helper()
		path := filepath.Join(os.TempDir(), name)
		if err := os.MkdirAll(filepath.Join(path, "vm"), 0o700); err != nil {
			t.Fatal(err)
		}
		if locks {
			if err := os.WriteFile(filepath.Join(path, lockName), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	runs, remove, err := New()
	if err != nil {
		t.Fatal(err)
	}
	kept := []string{old(runs), folder("flakeci-new", true), old(folder("flakeci-other", false)), old(folder("other", true))}
	killed := old(folder("flakeci-killed", true))
	mine, removeMine, err := New()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(killed); err == nil {
		t.Errorf("%s is left", killed)
	}
	for _, path := range append(kept, mine) {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	remove()
	removeMine()
	for _, path := range []string{runs, mine} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is left", path)
		}
	}
}
