package qmp_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/flakeci/flakeci/internal/test/socket"
	"github.com/flakeci/flakeci/vmtest/qmp"
)

// size returns the size of a PNG.
func size(t *testing.T, data []byte) image.Point {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return picture.Bounds().Size()
}

// empty requires that a folder is empty.
func empty(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 0 {
		t.Errorf("the folder holds %v, %v", files, err)
	}
}

func TestScreenshot(t *testing.T) {
	c := startQEMU(t, "-vga", "std").dial(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "screen")
	for range 2 {
		picture, err := c.Screenshot(socket.Within(t, socket.Patience), file)
		if err != nil {
			t.Fatal(err)
		}
		if got := size(t, picture); got != image.Pt(640, 480) {
			t.Errorf("the picture is %v", got)
		}
		empty(t, dir)
	}
}

// QEMU may have another working directory.
func TestScreenshotHere(t *testing.T) {
	c := startQEMU(t, "-vga", "std").dial(t)
	dir := t.TempDir()
	t.Chdir(dir)
	picture, err := c.Screenshot(socket.Within(t, socket.Patience), "screen.png")
	if err != nil {
		t.Fatal(err)
	}
	size(t, picture)
}

func TestNoScreenshot(t *testing.T) {
	ctx := socket.Within(t, socket.Patience)
	var refused *qmp.Error
	file := filepath.Join(t.TempDir(), "nowhere", "screen.png")
	if _, err := startQEMU(t, "-vga", "std").dial(t).Screenshot(ctx, file); !errors.As(err, &refused) {
		t.Errorf("error without a folder is %v", err)
	}
	file = filepath.Join(t.TempDir(), "screen.png")
	if _, err := startQEMU(t, "-vga", "none").dial(t).Screenshot(ctx, file); !errors.As(err, &refused) {
		t.Errorf("error without a screen is %v", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file: %v", err)
	}
}

// A QEMU before 7.1, or without libpng, writes a PPM.
func TestScreenshotOfAnOldQEMU(t *testing.T) {
	dir := t.TempDir()
	real := startQEMU(t, "-vga", "std").dial(t)
	c := serve(t, func(s *server) {
		s.greet()
		old := s.request()
		if old.Arguments["format"] != "png" {
			s.t.Errorf("arguments %v", old.Arguments)
		}
		s.send(`{"id": %d, "error": {"class": "GenericError", "desc": "Parameter 'format' is unexpected"}}`, old.ID)
		dump := s.request()
		if err := real.Execute(context.Background(), dump.Execute, dump.Arguments, nil); err != nil {
			s.t.Error(err)
		}
		s.send(`{"return": {}, "id": %d}`, dump.ID)
	})
	file := filepath.Join(dir, "screen.png")
	picture, err := c.Screenshot(socket.Within(t, socket.Patience), file)
	if err != nil {
		t.Fatal(err)
	}
	if got := size(t, picture); got != image.Pt(640, 480) {
		t.Errorf("the picture is %v", got)
	}
	empty(t, dir)
}

// A program that plays QEMU may put anything in the file's place. A link to another file of
// this machine must not be read.
func TestScreenshotThatIsNone(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret.png")
	if err := os.WriteFile(secret, []byte("\x89PNG\r\n\x1a\nsecret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, put := range map[string]func(path string) error{
		"half a PPM":        func(p string) error { return os.WriteFile(p, []byte("P6\n640 480\n255\n..."), 0o666) },
		"pipe":              func(p string) error { return syscall.Mkfifo(p, 0o600) },
		"device":            func(p string) error { return os.Symlink("/dev/zero", p) },
		"link to a picture": func(p string) error { return os.Symlink(secret, p) },
		"folder":            func(p string) error { return os.Mkdir(p, 0o700) },
		"sparse file of a TiB": func(p string) error {
			return errors.Join(os.WriteFile(p, []byte("\x89PNG\r\n\x1a\n"), 0o600), os.Truncate(p, 1<<40))
		},
		"huge PPM": func(p string) error { return os.WriteFile(p, []byte("P6\n65536 65536\n255\n..."), 0o666) },
		"nothing":  func(string) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c := serve(t, func(s *server) {
				s.greet()
				dump := s.request()
				file, _ := dump.Arguments["filename"].(string)
				if err := put(file); err != nil {
					s.t.Error(err)
				}
				s.send(`{"return": {}, "id": %d}`, dump.ID)
			})
			if picture, err := c.Screenshot(socket.Within(t, socket.Patience), filepath.Join(dir, "screen.png")); err == nil || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%d bytes, error %v", len(picture), err)
			}
			empty(t, dir)
		})
	}
}
