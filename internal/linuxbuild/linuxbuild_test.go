package linuxbuild

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/test/lanes"
)

// foreign is an architecture of images that is not this machine's.
var foreign = map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH]

// compiled returns a static program for Linux on an architecture, which is small, as it imports
// nothing.
func compiled(t *testing.T, arch string) string {
	t.Helper()
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"go.mod": "module x\n", "main.go": "package main\nfunc main() {}\n"})
	args := []string{"build", "-o", "x"}
	if arch != runtime.GOARCH { // as flakeci does, so that Go compiles its own packages once
		args = append(args, "-trimpath")
	}
	cmd := exec.Command("go", append(args, ".")...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(dir, "x")
}

func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func options(t *testing.T, arch string) Options {
	t.Helper()
	return Options{
		Arch: arch, Version: "v1.2.3", Module: "(devel)", Program: filepath.Join(t.TempDir(), "flakeci"), Cache: t.TempDir(),
		Env: os.Environ(), Releases: "http://127.0.0.1:1", Say: func(string) {},
	}
}

// A release's build is taken if it matches the release's checksum, and kept.
func TestDownload(t *testing.T) {
	lanes.Heavy(t, "compiles for another architecture")
	build, err := os.ReadFile(compiled(t, foreign))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(build)
	good := hex.EncodeToString(sum[:]) + "  " + name(foreign) + "\n"
	files := map[string]string{}
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		text, found := files[r.URL.Path]
		if !found {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(text))
	}))
	defer server.Close()
	o := options(t, foreign)
	o.Releases = server.URL
	for _, c := range []struct{ checksums, build, want string }{
		{"", "", "404 Not Found"},
		{"nothing\n", string(build), "does not list " + name(foreign)},
		{strings.Repeat("0", 64) + "  " + name(foreign) + "\n", string(build), "does not match checksums.txt of v1.2.3"},
		{good, string(build[:len(build)-1]), "does not match checksums.txt of v1.2.3"},
		{good, string(build), ""},
	} {
		if files = map[string]string{}; c.checksums != "" {
			files = map[string]string{"/v1.2.3/checksums.txt": c.checksums, "/v1.2.3/" + name(foreign): c.build}
		}
		path, err := Find(t.Context(), o)
		var none *Error
		if c.want == "" && (err != nil || !runsAnywhere(path, foreign)) {
			t.Fatalf("a good release: %q, %v", path, err)
		}
		if c.want != "" && (!errors.As(err, &none) || !strings.Contains(err.Error(), c.want) || !strings.Contains(none.Hint, name(foreign))) {
			t.Errorf("error is %v, want %s", err, c.want)
		}
	}
	before := asked
	if _, err := Find(t.Context(), o); err != nil || asked != before {
		t.Errorf("it was downloaded again: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(o.Cache, "*", "new*")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// The program itself is taken only if it runs in any image, then the one next to it.
func TestThisProgram(t *testing.T) {
	lanes.Heavy(t, "compiles")
	o := options(t, "amd64")
	copyTo := func(from, to string) {
		if err := os.Link(from, to); err != nil {
			t.Skip(err)
		}
	}
	copyTo(compiled(t, "amd64"), o.Program)
	if path, err := Find(t.Context(), o); err != nil || path != o.Program {
		t.Errorf("static: %s, %v", path, err)
	}
	beside := filepath.Join(filepath.Dir(o.Program), name("arm64"))
	o.Arch = "arm64"
	var none *Error
	if _, err := Find(t.Context(), o); !errors.As(err, &none) || none.Hint != "put one of version v1.2.3 at "+beside {
		t.Errorf("for another architecture: %v", err)
	}
	copyTo(compiled(t, "arm64"), beside)
	if path, err := Find(t.Context(), o); err != nil || path != beside {
		t.Errorf("next to it: %s, %v", path, err)
	}
	bash, err := exec.LookPath("bash")
	if err == nil && runsAnywhere(bash, runtime.GOARCH) {
		t.Error("a program with libraries runs anywhere")
	}
}

const program = "package main\n\nvar version string\n\nfunc main() { println(version) }\n"

// The checkout of a flakeci that was built there is compiled, and so is the module of one that go
// install made.
func TestCompile(t *testing.T) {
	lanes.Heavy(t, "compiles")
	o := options(t, foreign)
	o.Version = "v1.2.3-4-gabc"
	root := filepath.Dir(o.Program)
	writeFiles(t, root, map[string]string{"go.mod": "module " + module + "\n", "cmd/flakeci/main.go": program})
	o.Program = filepath.Join(root, "bin", "flakeci")
	path, err := Find(t.Context(), o)
	if err != nil || !runsAnywhere(path, foreign) {
		t.Errorf("source: %s, %v", path, err)
	}

	o = options(t, foreign)
	o.Version, o.Module = "v1.2.3-rc.1", "v1.2.3-rc.1"
	o.Env = append(o.Env, "GOPROXY=file://"+proxy(t, o.Module), "GOFLAGS=-modcacherw", "GONOSUMDB="+module, "GOMODCACHE="+t.TempDir())
	path, err = Find(t.Context(), o)
	if err != nil || !runsAnywhere(path, foreign) {
		t.Errorf("module: %s, %v", path, err)
	}
	o.Version, o.Module = "v9.9.9-rc.1", "v9.9.9-rc.1"
	if _, err := Find(t.Context(), o); err == nil || !strings.Contains(err.Error(), "cannot install "+module+"@v9.9.9-rc.1") {
		t.Errorf("a module that does not exist: %v", err)
	}
}

// proxy returns a folder with a version of flakeci's module, as a module proxy serves it.
func proxy(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	at := filepath.Join(dir, module, "@v")
	writeFiles(t, at, map[string]string{
		"list": version + "\n", version + ".info": `{"Version":"` + version + `"}`, version + ".mod": "module " + module + "\n",
	})
	file, err := os.Create(filepath.Join(at, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(file)
	for name, text := range map[string]string{"go.mod": "module " + module + "\n", "cmd/flakeci/main.go": program} {
		w, err := z.Create(module + "@" + version + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func FuzzChecksum(f *testing.F) {
	f.Add("abc  flakeci_linux_amd64\n", "flakeci_linux_amd64")
	f.Fuzz(func(t *testing.T, list, file string) {
		sum, err := checksum(list, file)
		if err == nil && (sum == "" || !strings.Contains(list, sum) || !strings.Contains(list, file)) {
			t.Errorf("%q of %q: %q", file, list, sum)
		}
	})
}
