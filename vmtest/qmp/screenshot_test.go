package qmp_test

import (
	"context"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/flakeci/flakeci/vmtest/qmp"
)

// size decodes a PNG.
func size(t *testing.T, file string) image.Point {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return picture.Bounds().Size()
}

// alone checks that a folder holds one file.
func alone(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("the folder holds %v, %v", files, err)
	}
}

func TestScreenshot(t *testing.T) {
	c := startQEMU(t, "-vga", "std").dial(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "screen")
	for range 2 { // over the old one too
		if err := c.Screenshot(within(t, patience), file); err != nil {
			t.Fatal(err)
		}
		if got := size(t, file); got != image.Pt(640, 480) {
			t.Errorf("the picture is %v", got)
		}
		alone(t, dir)
	}
}

// QEMU may run elsewhere.
func TestScreenshotHere(t *testing.T) {
	c := startQEMU(t, "-vga", "std").dial(t)
	dir := t.TempDir()
	t.Chdir(dir)
	if err := c.Screenshot(within(t, patience), "screen.png"); err != nil {
		t.Fatal(err)
	}
	size(t, filepath.Join(dir, "screen.png"))
}

func TestNoScreenshot(t *testing.T) {
	ctx := within(t, patience)
	var refused *qmp.Error
	file := filepath.Join(t.TempDir(), "nowhere", "screen.png")
	if err := startQEMU(t, "-vga", "std").dial(t).Screenshot(ctx, file); !errors.As(err, &refused) {
		t.Errorf("error without a folder is %v", err)
	}
	file = filepath.Join(t.TempDir(), "screen.png")
	if err := startQEMU(t, "-vga", "none").dial(t).Screenshot(ctx, file); !errors.As(err, &refused) {
		t.Errorf("error without a screen is %v", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file: %v", err)
	}
}

// The dump of a QEMU before 7.1, or without libpng: the real one's own PPM.
func TestScreenshotOfAnOldQEMU(t *testing.T) {
	dir := t.TempDir()
	real := startQEMU(t, "-vga", "std").dial(t)
	c := serve(t, func(s *server) {
		s.greet()
		old := s.request()
		if old.Arguments["format"] != "png" {
			s.t.Errorf("arguments %v", old.Arguments)
		}
		s.say(`{"id": %d, "error": {"class": "GenericError", "desc": "Parameter 'format' is unexpected"}}`, old.ID)
		dump := s.request()
		if err := real.Execute(context.Background(), dump.Execute, dump.Arguments, nil); err != nil {
			s.t.Error(err)
		}
		s.say(`{"return": {}, "id": %d}`, dump.ID)
	})
	file := filepath.Join(dir, "screen.png")
	if err := c.Screenshot(within(t, patience), file); err != nil {
		t.Fatal(err)
	}
	if got := size(t, file); got != image.Pt(640, 480) {
		t.Errorf("the picture is %v", got)
	}
	alone(t, dir)
}

func TestScreenshotThatIsNone(t *testing.T) {
	dir := t.TempDir()
	c := serve(t, func(s *server) {
		s.greet()
		dump := s.request()
		name, _ := dump.Arguments["filename"].(string)
		if err := os.WriteFile(name, []byte("P6\n640 480\n255\n..."), 0o666); err != nil {
			s.t.Error(err)
		}
		s.say(`{"return": {}, "id": %d}`, dump.ID)
	})
	if err := c.Screenshot(within(t, patience), filepath.Join(dir, "screen.png")); err == nil {
		t.Error("no error")
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("files are left: %v", files)
	}
}
