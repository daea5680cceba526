package unit

import (
	"strings"
	"testing"
)

func TestEscapePath(t *testing.T) {
	// As nixpkgs' utils.escapeSystemdPath gives them.
	tests := map[string]string{
		"joachim": "joachim", "a-b": `a\x2db`, "a.b_c:d": "a.b_c:d", ".a": `\x2ea`, "a b@c": `a\x20b\x40c`,
		"/": "-", "//a//b/": "a-b", "": "", "/.x": `\x2ex`, "ü?": "ü?", "[]{}~`|^": `\x5b\x5d\x7b\x7d\x7e\x60\x7c\x5e`, `a\b"`: `a\x5cb\x22`,
	}
	for name, want := range tests {
		if got := EscapePath(name); got != want {
			t.Errorf("%q gives %q, want %q", name, got, want)
		}
	}
}

func FuzzEscapePath(f *testing.F) {
	for _, path := range []string{"/", "/mnt/my data-1", ".a", "", "a//b", `\x2d`, "ü"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		escaped := EscapePath(path)
		if strings.ContainsAny(escaped, "/ \"${}'@") {
			t.Errorf("%q gives %q", path, escaped)
		}
		want := "/" + strings.TrimSuffix(strings.TrimPrefix(slashesRE.ReplaceAllString(path, "/"), "/"), "/")
		if got := unescapePath(escaped); got != want {
			t.Errorf("%q becomes %q, and that %q", want, escaped, got)
		}
	})
}

func FuzzUnitName(f *testing.F) {
	for _, name := range []string{"sshd.service", "getty@tty1.service", `mnt-a\x2db.mount`, `a\x00.mount`, "\x00.service", "-.mount", "a\"${x}.automount", ".service", "@.service"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		// It becomes an argument of a program, which has no zero byte and a limited length.
		if function := Query("h", name); strings.Contains(function, "\x00") || len(function) > 16<<10 {
			t.Errorf("%q gives %q", name, function)
		}
	})
}
