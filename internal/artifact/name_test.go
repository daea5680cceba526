package artifact_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/artifact"
)

func TestName(t *testing.T) {
	for name, want := range map[string]string{
		"reason": "reason", "joachim@reason": "joachim@reason", "..": ".%2E", ".": "%2E", "": "_",
		"a/../b": "a%2F..%2Fb", "ü": "%C3%BC", "fix.patch?full_index=1": "fix.patch%3Ffull_index=1",
		"a:b*c": "a%3Ab%2Ac", "web.": "web%2E", "web ": "web%20", "nul": "_nul", "AUX.log": "_AUX.log", "com7": "_com7", "comb": "comb",
		`"<>|` + "\r\n" + `\`: "%22%3C%3E%7C%0D%0A%5C",
	} {
		if got := artifact.Name(name); got != want {
			t.Errorf("%q becomes %q, not %q", name, got, want)
		}
	}
}

// Every name becomes one part of a path that can be uploaded, unpacked anywhere, and is unique.
func FuzzName(f *testing.F) {
	for _, seed := range []string{"", "a:b", "nul.txt", "..", "a\x00b", "x?y=1", strings.Repeat("ü", 300) + ".log", "Web", "web"} {
		f.Add(seed, "web")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		a, b := path(t, one), path(t, two)
		if one != two && strings.EqualFold(a, b) {
			t.Errorf("%q and %q are both %q", one, two, a)
		}
		for part := range strings.SplitSeq(a, "/") {
			if part == "" || len(part) > 255 || strings.ContainsAny(part, "\":<>|*?\\\r\n\x00") || strings.HasSuffix(part, ".") || strings.HasSuffix(part, " ") {
				t.Errorf("%q becomes %q", one, part)
			}
		}
	})
}

// path returns the path of a host's file below the folder.
func path(t *testing.T, host string) string {
	t.Helper()
	f := &artifact.Folder{Path: t.TempDir()}
	full, err := f.Text(says("x"), "vm", host, "serial.log")
	if err != nil {
		t.Fatalf("%q: %v", host, err)
	}
	rel, err := filepath.Rel(f.Path, full)
	if err != nil || strings.Count(filepath.ToSlash(rel), "/") != 2 {
		t.Fatalf("%q lies in %s: %v", host, rel, err)
	}
	return filepath.ToSlash(rel)
}
