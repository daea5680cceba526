package clean_test

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/flakeci/flakeci/internal/clean"
)

func TestClean(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"plain":                  {"libfrob-1.2", "libfrob-1.2"},
		"other scripts":          {"höst 机器 ✔ é", "höst 机器 ✔ é"},
		"colour":                 {"\x1b[1;31merror:\x1b[0m no", "error: no"},
		"colour as C1":           {"\u009b31mred", "red"},
		"cursor":                 {"a\x1b[2J\x1b[Hb", "ab"},
		"private parameters":     {"\x1b[?25lx", "x"},
		"intermediate":           {"\x1b[3 qx", "x"},
		"title":                  {"\x1b]0;owned\atext", "text"},
		"hyperlink":              {"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"},
		"device control":         {"\x1bPq#0\x1b\\x", "x"},
		"title as C1":            {"\u009d0;owned\u009cx", "x"},
		"character set":          {"\x1b(Bx", "x"},
		"two-letter":             {"\x1b7x\x1bM", "x"},
		"string that never ends": {"\x1b]0;text stays", "0;text stays"},
		"string broken off":      {"\x1b]0;a\nb", "0;a b"},
		"sequence broken off":    {"\x1b[12\nb", " b"},
		"lone escape":            {"a\x1b", "a"},
		"escape before escape":   {"\x1b\x1b[31mx", "x"},
		"pieced together":        {"\x1b\x1b[0m[31mx", "[31mx"},
		"control":                {"a\x00b\x07c\x08d\x7fe", "abcde"},
		"breaks":                 {"a\nb\tc\rd\u2028e\u0085f\vg", "a b c d e f g"},
		"invalid":                {"a\xffb\x9b", "a\uFFFDb\uFFFD"},
		"bidi":                   {"a\u202eb\u2066c\u200f", "abc"},
		"zero width":             {"a\u200bb\ufeffc\u00add", "abcd"},
		"tags":                   {"a\U000E0041b", "ab"},
		"variation":              {"⚠\ufe0f", "⚠"},
		"runner command":         {"a ##[error]b", "a ## [error]b"},
		"Azure command":          {"a ##vso[task.complete]b", "a ##vso [task.complete]b"},
		"hidden runner command":  {"#\u200b#\x1b[0m[error]b", "## [error]b"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := clean.Clean(c.in); got != c.want {
				t.Errorf("Clean(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestText(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"lines":        {"a\n\tb\n", "a\n\tb\n"},
		"windows":      {"a\r\nb\r\n", "a\nb\n"},
		"progress bar": {"10%\r50%\r100%\ndone", "100%\ndone"},
		"separators":   {"a\u2028b\fc", "a\nb\nc"},
		"colour":       {"\x1b[31ma\x1b[0m\nb", "a\nb"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := clean.Text(c.in); got != c.want {
				t.Errorf("Text(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestXML(t *testing.T) {
	if got := clean.XML("a\uFFFE\uFFFF<&]]>\x00b"); got != "a<&]]>b" {
		t.Errorf("XML left %q", got)
	}
}

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"a::b":              "a::b",
		"::error::x":        ": :error::x",
		" \t\u00a0::error:": " \t\u00a0: :error:",
		"":                  "",
	} {
		if got := clean.Line(in); got != want {
			t.Errorf("Line(%q) = %q, want %q", in, got, want)
		}
	}
}

// Quadratic time would let hostile output stop a run.
func TestHostileLengthIsLinear(t *testing.T) {
	const size = 5 << 20
	for _, piece := range []string{"\x1b]", "\x1b[", "\u009d", "\x1b", "\x1b   ", "\r", "\xff", "::"} {
		began := time.Now()
		clean.XML(strings.Repeat(piece, size/len(piece)))
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%q repeated took %v", piece, took)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{
		"\x1b[1;31mred\x1b[0m", "\x1b]8;;u\x1b\\l", "a\r\nb\rc", "\u202e\u2028", "\xff\x9b31m", "\u009b1m", "#\x00#[x]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		check(t, "Clean", clean.Clean, s, "")
		check(t, "Text", clean.Text, s, "\n\t")
		check(t, "XML", clean.XML, s, "\n\t")
		if got := clean.Line(s); strings.HasPrefix(strings.TrimSpace(got), "::") {
			t.Errorf("Line left a command: %q", got)
		}
	})
}

// check checks what every function guarantees for every input.
func check(t *testing.T, name string, f func(string) string, in, allowed string) {
	t.Helper()
	out := f(in)
	if again := f(out); again != out {
		t.Errorf("%s is not idempotent: %q, then %q", name, out, again)
	}
	if !utf8.ValidString(out) {
		t.Errorf("%s left invalid UTF-8: %q", name, out)
	}
	if strings.Contains(out, "##[") || strings.Contains(out, "##vso[") {
		t.Errorf("%s left a command: %q", name, out)
	}
	for _, r := range out {
		if strings.ContainsRune(allowed, r) {
			continue
		}
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			t.Errorf("%s left %q in %q", name, r, out)
		}
	}
}

func TestShorten(t *testing.T) {
	for limit, want := range map[int]string{0: "…", 1: "a…", 2: "a…", 3: "aé…", 4: "aéb", 5: "aéb"} {
		if got := clean.Shorten("aéb", limit); got != want {
			t.Errorf("cut to %d bytes: %q, want %q", limit, got, want)
		}
	}
}
