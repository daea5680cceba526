package safefile_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/safefile"
)

func newPipe(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A pipe accepts a text of any length once it has a reader.
func TestWritePipe(t *testing.T) {
	path, text := newPipe(t), bytes.Repeat([]byte("0123456789abcde\n"), 20<<10)
	got := make(chan []byte, 1)
	go func() {
		time.Sleep(100 * time.Millisecond)
		f, err := os.Open(path)
		if err != nil {
			got <- nil
			return
		}
		defer f.Close()
		all, _ := io.ReadAll(f)
		got <- all
	}()
	if err := safefile.WritePipe(path, text, time.Minute); err != nil {
		t.Fatal(err)
	}
	if all := <-got; !bytes.Equal(all, text) {
		t.Errorf("%d bytes of %d were read", len(all), len(text))
	}
}

// A pipe without a reader does not block forever, whether or not opening succeeds.
func TestPipesThatNobodyReads(t *testing.T) {
	for name, opened := range map[string]bool{"without a reader": false, "opened alone": true} {
		t.Run(name, func(t *testing.T) {
			path := newPipe(t)
			if opened {
				f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
			}
			_, err := soon(t, func() ([]byte, error) {
				return nil, safefile.WritePipe(path, make([]byte, 1<<20), 100*time.Millisecond)
			})
			if !errors.Is(err, safefile.ErrNoReader) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestWhatIsNoPipeIsNotWritten(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(file, []byte("text"), 0o600), os.Symlink(newPipe(t), link)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, link} {
		if _, err := soon(t, func() ([]byte, error) { return nil, safefile.WritePipe(path, []byte("x"), time.Millisecond) }); err == nil {
			t.Errorf("%s was written", path)
		}
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "text" {
		t.Errorf("the file holds %q, %v", text, err)
	}
}
