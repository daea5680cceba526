package safefile_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/flakeci/flakeci/internal/safefile"
)

// The user's own links are followed, but none in a checkout, even on a detour.
func TestResolve(t *testing.T) {
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"checkout/sub", "own"} {
		if err := os.MkdirAll(filepath.Join(top, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"checkout/file", "checkout/sub/file", "own/file"} {
		if err := os.WriteFile(filepath.Join(top, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{
		"checkout/link": "../own/file", "checkout/inside": "file", "checkout/folder": "../own", "checkout/nowhere": "none",
		"checkout/absolute": filepath.Join(top, "own/file"), "checkout/sub/up": "..", "own/loop": "loop",
		"own/link": "file", "own/chain": "link", "own/checkout": filepath.Join(top, "checkout"), "own/evil": "../checkout/link",
	} {
		if err := os.Symlink(to, filepath.Join(top, link)); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Join(top, "checkout"))
	for path, want := range map[string]string{ // a path below top, or the link that is in the way
		"file": "checkout/file", "./sub/../file": "checkout/file", "sub//file": "checkout/sub/file", top + "/checkout/file": "checkout/file",
		"link": "link: checkout/link", "inside": "link: checkout/inside", "folder/file": "link: checkout/folder", "nowhere": "link: checkout/nowhere",
		"absolute": "link: checkout/absolute", "sub/up/file": "link: checkout/sub/up", "folder/../file": "link: checkout/folder",
		"../checkout/link": "link: checkout/link", top + "/checkout/link": "link: checkout/link",
		"../own/file": "own/file", "../own/link": "own/file", "../own/chain": "own/file",
		"../own/checkout/file": "checkout/file", "../own/checkout/link": "link: checkout/link", "../own/evil": "link: checkout/link",
	} {
		for _, theirs := range [][]string{{"."}, {"", top + "/own/checkout", top + "/missing"}} {
			got, err := safefile.Resolve(path, theirs...)
			var link *safefile.LinkError
			if errors.As(err, &link) {
				got, err = "link: "+strings.TrimPrefix(link.Path, top+"/"), nil
			}
			if got = strings.TrimPrefix(got, top+"/"); got != want || err != nil {
				t.Errorf("%s: %q, %v, want %q", path, got, err, want)
			}
		}
	}
	for path, want := range map[string]error{"none": fs.ErrNotExist, "": fs.ErrNotExist, "file/x": syscall.ENOTDIR, "../own/loop": syscall.ELOOP} {
		if got, err := safefile.Resolve(path, "."); !errors.Is(err, want) || got != "" {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
}

// A pipe is opened if flakeci was started with it and the path says so.
func TestOpenNamed(t *testing.T) {
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	if _, err := to.WriteString("text"); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	stream := fmt.Sprintf("/dev/fd/%d", from.Fd())
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(stream, link); err != nil {
		t.Fatal(err)
	}
	read := func(path string) ([]byte, error) {
		f, err := safefile.OpenNamed(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return safefile.All(f, limit)
	}
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{link, "/dev/fd/../fd/" + filepath.Base(stream), fifo, "/dev/ptmx", "/dev/zero"} {
		if text, err := soon(t, func() ([]byte, error) { return read(path) }); !errors.Is(err, safefile.ErrNotRegular) {
			t.Errorf("%s: %q, %v", path, text, err)
		}
	}
	if text, err := read(stream); err != nil || string(text) != "text" {
		t.Errorf("%q, %v", text, err)
	}
}
