package safefile_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/flakeci/flakeci/internal/safefile"
)

// planted creates something in a file's place that may lead to another file.
func planted(t *testing.T) map[string]func(path string) error {
	t.Helper()
	return map[string]func(string) error{
		"nothing": func(string) error { return nil },
		"file":    func(p string) error { return os.WriteFile(p, []byte("earlier"), 0o600) },
		"link":    func(p string) error { return os.Symlink(filepath.Join(filepath.Dir(p), "other"), p) },
		"pipe":    func(p string) error { return syscall.Mkfifo(p, 0o600) },
		"device":  func(p string) error { return os.Symlink("/dev/ptmx", p) },
		"nowhere": func(p string) error { return os.Symlink(filepath.Join(filepath.Dir(p), "none"), p) },
	}
}

func TestWhatIsPlantedIsNotWritten(t *testing.T) {
	for name, put := range planted(t) {
		for _, lock := range []bool{false, true} {
			dir := t.TempDir()
			path, other := filepath.Join(dir, "f"), filepath.Join(dir, "other")
			if err := errors.Join(os.WriteFile(other, []byte("other"), 0o600), put(path)); err != nil {
				t.Fatal(err)
			}
			open, taken, holds := safefile.Create, true, "text"
			if lock {
				open, taken = safefile.OpenLock, name == "nothing" || name == "file"
				if name == "file" {
					holds = "textier"
				}
			}
			_, err := soon(t, func() ([]byte, error) {
				f, err := open(path)
				if err != nil {
					return nil, err
				}
				_, err = f.WriteString("text")
				return nil, errors.Join(err, f.Close())
			})
			if taken && err != nil || !taken && !errors.Is(err, safefile.ErrNotRegular) {
				t.Errorf("%s, as a lock: %v: %v", name, lock, err)
			}
			if text, err := safefile.Read(path, limit); taken && (err != nil || string(text) != holds) {
				t.Errorf("%s, as a lock: %v: it holds %q, %v", name, lock, text, err)
			}
			if text, err := os.ReadFile(other); err != nil || string(text) != "other" {
				t.Errorf("%s, as a lock: %v: the other file holds %q, %v", name, lock, text, err)
			}
			if _, err := os.Stat(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s, as a lock: %v: what the link leads to was made", name, lock)
			}
		}
	}
}
