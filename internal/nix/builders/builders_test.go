package builders

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "machines")
	if err := os.WriteFile(file, []byte("# old ppc-linux\nssh://b aarch64-linux,armv7l-linux /key\n@"+file+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		"": "", "ssh://b": "1:", "ssh://b - - 1": "1:", "ssh://b riscv64-linux": "1:riscv64-linux", "@/dev/null/none": "",
		"ssh://a x86_64-darwin,aarch64-darwin;  ssh://b i686-linux - 8": "1:x86_64-darwin,aarch64-darwin 8:i686-linux",
		"ssh://a a-linux,,b-linux - x\n\nssh://b c-linux # d-linux":     "1:a-linux,b-linux 1:c-linux",
		"ssh://a a-linux # ; ssh://b b-linux\nssh://c c-linux - 0":      "1:a-linux",
		"ssh://a a-linux /key 3 2 kvm,x big-parallel AAAA":              "3:a-linux", " @/dev/null/none ; ssh-ng://a\ta-linux": "1:a-linux",
		"ssh://a a-linux - -4 ; ssh://b b-linux - 99999999": "1:a-linux 65536:b-linux",
	}
	for spec, want := range tests {
		if got := remotesText(Parse(spec)); got != want {
			t.Errorf("%q: got %q, want %q", spec, got, want)
		}
	}
	// This file names itself.
	if got := remotesText(Parse("@" + file)); !strings.HasPrefix(got, "1:aarch64-linux,armv7l-linux") || strings.Contains(got, "ppc-linux") {
		t.Errorf("got %q", got)
	}
}

func remotesText(list []Remote) string {
	var words []string
	for _, r := range list {
		words = append(words, fmt.Sprintf("%d:%s", r.Jobs, strings.Join(r.Systems, ",")))
	}
	return strings.Join(words, " ")
}

// A remote builder without systems builds for the system of this machine.
func FuzzParse(f *testing.F) {
	f.Add("ssh://mac x86_64-darwin,aarch64-darwin /key 4 1 big-parallel ; ssh://b - ;")
	f.Add("# none\nroot@b\n\n b aarch64-linux - 1")
	f.Fuzz(func(t *testing.T, spec string) {
		if strings.Contains(spec, "@") {
			return // would read files
		}
		for _, r := range Parse(spec) {
			if r.Jobs < 1 {
				t.Errorf("%d jobs", r.Jobs)
			}
			for _, system := range r.Systems {
				if system == "" || strings.ContainsAny(system, " ,;\n") {
					t.Errorf("system %q", system)
				}
			}
		}
	})
}
