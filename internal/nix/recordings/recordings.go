// Package recordings gives tests what several versions of Nix printed.
package recordings

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/flakeci/flakeci/internal/test/lanes"
)

// Read returns the streams in a recording by their names, such as eval.2/stderr.
func Read(tb testing.TB, file string) map[string][]byte {
	tb.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	streams := map[string][]byte{}
	for _, f := range a.Files {
		streams[f.Name] = f.Data
	}
	return streams
}

// Seed gives a fuzz test every recorded stream, stdout or stderr, of calls of one kind,
// such as flake-show.
func Seed(f *testing.F, kind, stream string) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join(lanes.Root(f), "internal", "nix", "testdata", "[0-9]*", "*.txtar"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		for name, data := range Read(f, file) {
			if strings.HasPrefix(name, kind+".") && strings.HasSuffix(name, "/"+stream) && len(data) > 0 && len(data) < 64<<10 {
				f.Add(data)
			}
		}
	}
}
