package artifact_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/flakeci/flakeci/internal/artifact"
)

func TestWriteFollowsNoLinks(t *testing.T) {
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, link := range map[string]string{"the log": "logs/x.log", "its folder": "logs"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			target := victim
			if link == "logs" {
				target = filepath.Dir(victim)
			} else if err := os.Mkdir(filepath.Join(dir, "logs"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
				t.Fatal(err)
			}
			path, err := artifact.Write(dir, "logs/x.log", func(w io.Writer) error {
				_, err := io.WriteString(w, "theirs")
				return err
			})
			if got, _ := os.ReadFile(path); err == nil && string(got) != "theirs" {
				t.Errorf("the log holds %q", got)
			}
			if got, _ := os.ReadFile(victim); string(got) != "mine" {
				t.Errorf("a file outside was written: %q", got)
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(victim), "x.log")); err == nil {
				t.Error("a file outside was made")
			}
		})
	}
}

func TestWriteLeavesNoHalf(t *testing.T) {
	dir := t.TempDir()
	_, err := artifact.Write(dir, "a/b.log", func(w io.Writer) error {
		_, err := io.WriteString(w, "half")
		return errors.Join(err, errors.New("no more"))
	})
	if err == nil {
		t.Error("half a file is an error")
	}
	if _, err := os.Stat(filepath.Join(dir, "a/b.log")); err == nil {
		t.Error("half a file is left")
	}
}

func TestNameIsOnePart(t *testing.T) {
	for name, want := range map[string]string{"reason": "reason", "..": "_..", ".": "_.", "": "_", "a/../b": "a%2F..%2Fb", "ü": "%C3%BC"} {
		if got := artifact.Name(name); got != want {
			t.Errorf("%q becomes %q, not %q", name, got, want)
		}
	}
}
