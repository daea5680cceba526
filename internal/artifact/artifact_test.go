package artifact_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flakeci/flakeci/internal/artifact"
	"github.com/flakeci/flakeci/internal/safefile"
)

func says(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

// A planted link anywhere on the way leads no file out of the folder, or elsewhere inside it.
func TestNoLinkIsFollowed(t *testing.T) {
	for name, link := range map[string]string{
		"the folder": "artifacts", "a folder in it": "artifacts/vm", "a host's": "artifacts/vm/web", "the file": "artifacts/vm/web/serial.log",
	} {
		for target, folder := range map[string]string{"outside": "outside", "inside": "checkout/inside", "nowhere": "outside/nowhere"} {
			t.Run(name+" leads "+target, func(t *testing.T) {
				top := t.TempDir()
				checkout := filepath.Join(top, "checkout")
				place := filepath.Join(checkout, link)
				mustMake(t, filepath.Dir(place), filepath.Join(top, "outside"), filepath.Join(checkout, "inside"))
				if err := os.Symlink(filepath.Join(top, folder), place); err != nil {
					t.Fatal(err)
				}
				f := &artifact.Folder{Path: filepath.Join(checkout, "artifacts"), Below: checkout}
				path, err := f.Text(says("theirs"), "vm", "web", "serial.log")
				if isFile := link == "artifacts/vm/web/serial.log"; (err == nil) != isFile {
					t.Errorf("writing gives %v", err)
				}
				if got, _ := os.ReadFile(path); err == nil && string(got) != "theirs" {
					t.Errorf("the file holds %q", got)
				}
				for _, folder := range []string{filepath.Join(top, "outside"), filepath.Join(checkout, "inside")} {
					if left, _ := os.ReadDir(folder); len(left) > 0 {
						t.Errorf("%s was made in %s", left[0].Name(), folder)
					}
				}
				isEarly := link == "artifacts" || link == "artifacts/vm"
				if err := f.Check(); (err != nil) != isEarly {
					t.Errorf("before the run, the folder gives %v", err)
				}
			})
		}
	}
}

// The user may name a link as the folder.
func TestAUsersOwnLinkIsFollowed(t *testing.T) {
	top := t.TempDir()
	link := filepath.Join(top, "link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	f := &artifact.Folder{Path: link}
	if err := f.Check(); err != nil {
		t.Error(err)
	}
	if path, err := f.Text(says("x"), "logs", "a.log"); err != nil || path != filepath.Join(link, "logs/a.log") {
		t.Errorf("writing gives %q, %v", path, err)
	}
}

func TestIncompleteFileIsRemoved(t *testing.T) {
	f := &artifact.Folder{Path: t.TempDir()}
	_, err := f.Text(func(w io.Writer) error { return errors.Join(says("half")(w), errors.New("no more")) }, "logs", "b.log")
	if err == nil {
		t.Error("an incomplete file is no error")
	}
	if _, err := os.Stat(filepath.Join(f.Path, "logs/b.log")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half a file is left: %v", err)
	}
	if n, why := f.Lost(); n != 0 {
		t.Errorf("a source that fails counts as a lost file: %v", why)
	}
}

// A file that could not be written counts once, with the first error, and not if a later attempt
// succeeds.
func TestLostFilesAreCounted(t *testing.T) {
	f := &artifact.Folder{Path: t.TempDir()}
	blocked := filepath.Join(f.Path, "logs")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.log", "b.log", "b.log"} {
		if path, err := f.Text(says("x"), "logs", name); err == nil || path != "" {
			t.Errorf("%s was written: %q", name, path)
		}
	}
	if n, why := f.Lost(); n != 2 || why == nil || !strings.Contains(why.Error(), "logs") {
		t.Errorf("%d files are lost: %v", n, why)
	}
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.log", "b.log"} {
		if _, err := f.Text(says("x"), "logs", name); err != nil {
			t.Error(err)
		}
	}
	if n, why := f.Lost(); n != 0 {
		t.Errorf("%d files are lost: %v", n, why)
	}
}

// A full disk counts as a lost file, whatever error the source returns.
func TestAFullDiskLosesFiles(t *testing.T) {
	limited(t, func() {
		f := &artifact.Folder{Path: t.TempDir()}
		_, err := f.Text(func(w io.Writer) error {
			_ = says(strings.Repeat("x", 1<<20))(w)
			return nil // as one that does not look
		}, "logs", "a.log")
		if n, why := f.Lost(); err == nil || n != 1 || why == nil {
			t.Errorf("%d files are lost: %v, %v", n, why, err)
		}
		if _, err := os.Stat(filepath.Join(f.Path, "logs/a.log")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("half a file is left: %v", err)
		}
	})
}

func TestReplace(t *testing.T) {
	ours := func(head []byte) bool { return strings.HasPrefix(string(head), "ours") }
	for name, c := range map[string]struct {
		path, there string // what is there already; a slash is a folder
		fails       bool
	}{
		"new":                     {path: "report.json"},
		"new in new folders":      {path: "a/b/report.json"},
		"an earlier one":          {path: "report.json", there: "ours, the first"},
		"somebody's":              {path: "report.json", there: "theirs", fails: true},
		"an empty one":            {path: "report.json", there: "-", fails: true},
		"a folder":                {path: "report.json", there: "/", fails: true},
		"outside":                 {path: "../report.json", fails: true},
		"outside by a detour":     {path: "a/../../report.json", fails: true},
		"absolute":                {path: "/report.json", fails: true},
		"git's own":               {path: ".git/config", fails: true},
		"git's own below":         {path: "sub/.GIT/hooks/x", fails: true},
		"git's own, unseen signs": {path: ".g\u200cit/config", fails: true},
		"git's own on Windows":    {path: "git~1/config", fails: true},
		"git's own with a dot":    {path: ".git./config", fails: true},
		"like git's":              {path: ".github/report.json"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "flake")
			full := filepath.Join(folder, c.path)
			switch {
			case c.there == "/":
				mustMake(t, full)
			case c.there != "":
				mustMake(t, folder)
				if err := os.WriteFile(full, []byte(strings.TrimSuffix(c.there, "-")), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			err := artifact.Replace(folder, c.path, []byte("ours"), ours)
			if (err != nil) != c.fails {
				t.Fatalf("got %v", err)
			}
			if got, _ := os.ReadFile(full); !c.fails && string(got) != "ours" {
				t.Errorf("it holds %q", got)
			} else if c.there != "" && c.there != "/" && c.fails && string(got) != strings.TrimSuffix(c.there, "-") {
				t.Errorf("it was changed to %q", got)
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(full), ".flakeci-*")); len(left) > 0 {
				t.Errorf("%s is left", left)
			}
		})
	}
}

func TestReplaceFollowsNoLink(t *testing.T) {
	for _, link := range []string{"a", "a/b", "a/b/report.json"} {
		top := t.TempDir()
		folder, outside := filepath.Join(top, "flake"), filepath.Join(top, "outside")
		mustMake(t, filepath.Join(folder, filepath.Dir(link)), outside)
		if err := os.WriteFile(filepath.Join(outside, "report.json"), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		target := outside
		if filepath.Base(link) == "report.json" {
			target = filepath.Join(outside, "report.json")
		}
		if err := os.Symlink(target, filepath.Join(folder, link)); err != nil {
			t.Fatal(err)
		}
		var leads *safefile.LinkError
		if err := artifact.Replace(folder, "a/b/report.json", []byte("ours"), func([]byte) bool { return true }); !errors.As(err, &leads) {
			t.Errorf("%s: got %v", link, err)
		}
		if got, _ := os.ReadFile(filepath.Join(outside, "report.json")); string(got) != "mine" {
			t.Errorf("%s: a file outside was written: %q", link, got)
		}
	}
}

func mustMake(t *testing.T, folders ...string) {
	t.Helper()
	for _, folder := range folders {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// A pipe in place of a folder is an error, and does not block.
func TestAPipeIsNoFolder(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "logs"), 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f := &artifact.Folder{Path: dir}
		if _, err := f.Text(func(io.Writer) error { return nil }, "logs", "x.log"); err == nil {
			t.Error("a file below a pipe was written")
		}
		if err := artifact.MayReplace(dir, "logs/x", func([]byte) bool { return true }); err == nil {
			t.Error("a file below a pipe may be replaced")
		}
		if err := artifact.Replace(dir, "logs/x", nil, func([]byte) bool { return true }); err == nil {
			t.Error("a file below a pipe was replaced")
		}
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("it blocks")
	}
}
