package safefile_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/safefile"
)

const limit = 1 << 20

// opened lists the ways to open a file.
type opened struct {
	name    string
	follows bool
	read    func(path string) ([]byte, error)
}

func ways() []opened {
	from := func(f *os.File, err error) ([]byte, error) {
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return safefile.All(f, limit)
	}
	return []opened{
		{"Read", false, func(path string) ([]byte, error) { return safefile.Read(path, limit) }},
		{"ReadTarget", true, func(path string) ([]byte, error) { return safefile.ReadTarget(path, limit) }},
		{"OpenIn", true, func(path string) ([]byte, error) {
			root, err := os.OpenRoot(filepath.Dir(path))
			if err != nil {
				return nil, err
			}
			defer root.Close()
			return from(safefile.OpenIn(root, filepath.Base(path)))
		}},
	}
}

// soon fails the test if reading blocks.
func soon(t *testing.T, read func() ([]byte, error)) (text []byte, err error) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		text, err = read()
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("it blocks")
	}
	return text, err
}

// Whatever is planted in a file's place gives an error at once, and uses no memory.
func TestWhatIsNoFile(t *testing.T) {
	for name, c := range map[string]struct {
		put  func(path string) error
		want error
	}{
		"pipe":   {func(p string) error { return syscall.Mkfifo(p, 0o600) }, safefile.ErrNotRegular},
		"folder": {func(p string) error { return os.Mkdir(p, 0o700) }, safefile.ErrNotRegular},
		"socket": {func(p string) error {
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: p})
			if err == nil {
				l.SetUnlinkOnClose(false)
				err = l.Close()
			}
			return err
		}, safefile.ErrNotRegular},
		"link to a pipe": {func(p string) error {
			return errors.Join(syscall.Mkfifo(p+".pipe", 0o600), os.Symlink(filepath.Base(p)+".pipe", p))
		}, safefile.ErrNotRegular},
		"sparse file of a TiB": {func(p string) error {
			return errors.Join(os.WriteFile(p, nil, 0o600), os.Truncate(p, 1<<40))
		}, safefile.ErrTooLong},
		"a byte too many": {func(p string) error { return os.WriteFile(p, make([]byte, limit+1), 0o600) }, safefile.ErrTooLong},
		"nothing":         {func(string) error { return nil }, os.ErrNotExist},
	} {
		for _, way := range ways() {
			t.Run(name+" by "+way.name, func(t *testing.T) {
				path := filepath.Join(socketDir(t), "f")
				if err := c.put(path); err != nil {
					t.Fatal(err)
				}
				if text, err := soon(t, func() ([]byte, error) { return way.read(path) }); !errors.Is(err, c.want) || text != nil {
					t.Errorf("%d bytes and the error %v, want %v", len(text), err, c.want)
				}
			})
		}
	}
}

// socketDir returns a folder with a path that is short enough for a socket.
func socketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "safefile-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestDevices(t *testing.T) {
	for _, device := range []string{"/dev/zero", "/dev/tty", "/dev/random"} {
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(device, link); err != nil {
			t.Fatal(err)
		}
		for _, read := range []func(string, int64) ([]byte, error){safefile.Read, safefile.ReadTarget} {
			for _, path := range []string{device, link} {
				if text, err := soon(t, func() ([]byte, error) { return read(path, limit) }); err == nil {
					t.Errorf("%s gives %d bytes", path, len(text))
				}
			}
		}
	}
}

func TestLinks(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "link")
	for _, err := range []error{os.WriteFile(filepath.Join(dir, "file"), []byte("text"), 0o600), os.Symlink("file", path)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, way := range ways() {
		text, err := way.read(path)
		if way.follows && (err != nil || string(text) != "text") {
			t.Errorf("%s: %q, %v", way.name, text, err)
		}
		if !way.follows && !errors.Is(err, safefile.ErrNotRegular) {
			t.Errorf("%s: %q, %v", way.name, text, err)
		}
	}
}

func TestFiles(t *testing.T) {
	for _, size := range []int{0, 1, limit} {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, way := range ways() {
			if text, err := way.read(path); err != nil || len(text) != size {
				t.Errorf("%s: %d bytes of %d, %v", way.name, len(text), size, err)
			}
		}
	}
}

// A reader without a size may be endless, too.
func TestAReaderWithoutEnd(t *testing.T) {
	if _, err := safefile.All(endless{}, limit); !errors.Is(err, safefile.ErrTooLong) {
		t.Errorf("the error is %v", err)
	}
	if _, err := safefile.All(io.MultiReader(strings.NewReader("x"), broken{}), limit); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the error is %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := safefile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for most, want := range map[int64]string{0: "", 3: "789", 10: "0123456789", 99: "0123456789"} {
		text, before, err := safefile.End(f, most)
		if err != nil || string(text) != want || before != int64(10-len(want)) {
			t.Errorf("the last %d: %q after %d bytes, %v", most, text, before, err)
		}
	}
}
