package output_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/flakeci/flakeci/reports/output"
)

const report = `{"schema": "flakeci.report/v1"}`

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What cannot be written is known before the run.
func TestUnwritable(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "")
	for path, want := range map[string]string{
		"": "", "-": "", "/dev/stdout": "",
		filepath.Join(dir, "new/er/report.json"): "",
		filepath.Join(dir, "file"):               "",
		dir:                                      "takes a file, but " + dir + " is a folder",
		filepath.Join(dir, "file/report.json"):   "cannot be written: " + filepath.Join(dir, "file") + " is not a folder",
	} {
		if got := output.Unwritable(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

// A path given by a flag may be anywhere. A link is replaced, not followed.
func TestReplaceAnywhere(t *testing.T) {
	dir := t.TempDir()
	other, link := filepath.Join(dir, "other"), filepath.Join(dir, "link")
	write(t, other, "mine")
	if err := os.Symlink(other, link); err != nil {
		t.Fatal(err)
	}
	p := output.New(dir)
	for _, path := range []string{link, filepath.Join(dir, "a/b.json")} {
		if err := p.Replace("json", path, []byte(report)); err != nil {
			t.Error(err)
		}
		if got := read(t, path); got != report {
			t.Errorf("%s holds %q", path, got)
		}
	}
	if got := read(t, other); got != "mine" {
		t.Errorf("the link was followed: %q", got)
	}
	socket := filepath.Join(dir, "socket")
	if err := syscall.Mknod(socket, syscall.S_IFSOCK|0o600, 0); err != nil {
		t.Fatal(err)
	}
	if err := p.Replace("json", socket, []byte(report)); err == nil {
		t.Error("a socket was replaced")
	}
}

// A path in flakeci.toml stays below the flake, and replaces only reports.
func TestReplaceRestricted(t *testing.T) {
	dir := t.TempDir()
	p := output.New(dir)
	for _, path := range []string{"../report.json", "/etc/report.json", ".git/config"} {
		if _, err := p.Restrict("json", path); err == nil {
			t.Errorf("%s is allowed", path)
		}
	}
	path, err := p.Restrict("json", "report.json")
	if err != nil || path != filepath.Join(dir, "report.json") {
		t.Fatalf("%q, %v", path, err)
	}
	for before, replaced := range map[string]bool{report: true, "somebody's": false} {
		write(t, path, before)
		checked, wrote := p.Check(t.Context(), os.Environ(), "json", path), p.Replace("json", path, []byte(report+"\n"))
		if got := read(t, path) != before; got != replaced || (checked == nil) != replaced || (wrote == nil) != replaced {
			t.Errorf("%q: replaced %t, check %v, error %v", before, got, checked, wrote)
		}
	}
}

// What git tracks is not replaced, not even a report.
func TestTrackedFiles(t *testing.T) {
	dir := t.TempDir()
	p := output.New(dir)
	path, err := p.Restrict("json", "report.json")
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, report)
	for _, args := range []string{"init --quiet", "add report.json"} {
		if out, err := exec.Command("git", append([]string{"-C", dir}, strings.Fields(args)...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
	if err := p.Check(t.Context(), os.Environ(), "json", path); err == nil || !strings.Contains(err.Error(), "git tracks report.json") {
		t.Errorf("a tracked report: %v", err)
	}
	if err := p.Check(t.Context(), os.Environ(), "html", path); err != nil {
		t.Errorf("a flag that is not restricted: %v", err)
	}
}

func TestArtifacts(t *testing.T) {
	dir := t.TempDir()
	p := output.New(dir)
	if p.Artifacts("", nil) != nil {
		t.Error("there is a folder without a path")
	}
	p.RestrictTo("artifacts", dir)
	path := filepath.Join(dir, "artifacts")
	if err := output.CheckArtifacts(t.Context(), os.Environ(), p.Artifacts(path, nil), "crash.txt"); err != nil {
		t.Error(err)
	}
	if err := os.Symlink(t.TempDir(), path); err != nil {
		t.Fatal(err)
	}
	if err := output.CheckArtifacts(t.Context(), os.Environ(), p.Artifacts(path, nil), "crash.txt"); err == nil {
		t.Error("a link leads out of the folder")
	}
}
