package view

import (
	"math/rand"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/flakeci/flakeci/internal/redact"
	"github.com/flakeci/flakeci/internal/test/sample"
	"github.com/flakeci/flakeci/result"
)

func excerpted(first, line, column int, lines ...string) result.Cause {
	return result.Cause{Location: &result.Location{File: "flake.nix", Line: line, Column: column}, Excerpt: &result.Excerpt{FirstLine: first, Lines: lines}}
}

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("a", 50) + "!" + strings.Repeat("b", 4000)
	for name, e := range map[string]struct {
		cause result.Cause
		width int
		want  string
	}{
		"as Nix shows it":      {excerpted(2, 3, 3, "outputs = _: {", `  x = throw "no";`, "};"), 0, "2| outputs = _: {\n3|   x = throw \"no\";\n |   ^\n4| };"},
		"numbers":              {excerpted(9, 10, 1, "a", "b", ""), 0, " 9| a\n10| b\n  | ^\n11|"},
		"tabs":                 {excerpted(1, 1, 4, "\ta\tb"), 0, "1|         a       b\n |                 ^"},
		"wide characters":      {excerpted(1, 1, 8, "机器 x"), 0, "1| 机器 x\n |      ^"},
		"inside a character":   {excerpted(1, 1, 3, "机器"), 0, "1| 机器\n | ^"},
		"no column":            {excerpted(1, 1, 0, "a"), 0, "1| a"},
		"negative column":      {excerpted(1, 1, -4, "a"), 0, "1| a"},
		"at the end":           {excerpted(1, 1, 2, "a"), 0, "1| a\n |  ^"},
		"beyond the end":       {excerpted(1, 1, 3, "a"), 0, "1| a"},
		"cut at the end":       {excerpted(1, 1, 2, "abcdefghijklmn"), 13, "1| abcdefghi…\n |  ^"},
		"cut around":           {excerpted(1, 2, 51, "{", long, ""), 23, "1| …\n2| …aaaaaaaaa!bbbbbbbb…\n |           ^\n3|"},
		"cut at the beginning": {excerpted(1, 1, 20, strings.Repeat("a", 19)+"!"), 13, "1| …aaaaaaaa!\n |          ^"},
		"half a character":     {excerpted(1, 1, 31, strings.Repeat("机", 10)+"!"), 18, "1| … 机机机机机机!\n |               ^"},
		"no such line":         {excerpted(1, 3, 1, "a", "b"), 0, ""},
		"nothing":              {result.Cause{}, 0, ""},
	} {
		lines, _ := Excerpt(e.cause, e.width)
		if got := strings.Join(lines, "\n"); got != e.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, e.want)
		}
	}
	if lines, at := Excerpt(excerpted(2, 3, 3, "{", "  x", "}"), 0); !strings.HasPrefix(lines[at], "3|") {
		t.Errorf("line %d of %q is not that of the place", at, lines)
	}
}

// Whatever a report holds, an excerpt is small, fits, and has its caret below the right column.
func TestExcerptOfAnyReport(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	for range 5000 {
		var source []string
		for range rng.Intn(6) {
			source = append(source, strings.Repeat(sample.Text(rng), 1+rng.Intn(9)))
		}
		c := excerpted(rng.Intn(4), rng.Intn(8), rng.Intn(60), source...)
		width := 10 + rng.Intn(80)
		clean := Terminal().Cause(c)
		lines, _ := Excerpt(clean, width)
		if len(lines) > 4 {
			t.Fatalf("%d lines of %q", len(lines), c.Excerpt.Lines)
		}
		for _, line := range lines {
			if Width(line) > max(width, 13) {
				t.Fatalf("%d columns of %d: %q", Width(line), width, line)
			}
		}
		if len(lines) > 0 {
			sample.CheckTerminal(t, strings.Join(lines, "\n")+"\n")
		}
		if clean.Excerpt != nil {
			before, after := c.Excerpt.Lines[c.Location.Line-c.Excerpt.FirstLine], clean.Excerpt.Lines[clean.Location.Line-clean.Excerpt.FirstLine]
			if len(before) != len(after) && !strings.Contains(after, "## [") {
				t.Fatalf("%q became %q: columns count bytes", before, after)
			}
		}
	}
}

func TestExcerptsAreCleaned(t *testing.T) {
	many := slices.Repeat([]string{"a"}, 5000)
	for name, e := range map[string]struct {
		cause result.Cause
		want  string // rendered
	}{
		"escape":          {excerpted(1, 1, 7, "\x1b[31m\tx"), "1|  [31m   x\n |         ^"},
		"override":        {excerpted(1, 1, 5, "a\u202eb"), "1| a\u2007b\n |   ^"},
		"tag":             {excerpted(1, 1, 5, "\U000E0041b"), "1| \u00a0\u00a0b\n |   ^"},
		"several lines":   {excerpted(1, 1, 2, "a\nb\u2028c"), "1| a b\u2007c\n |  ^"},
		"command":         {excerpted(1, 1, 0, "##[error]x"), "1| ## [error]x"},
		"many lines":      {excerpted(1, 4000, 1, many...), "3999| a\n4000| a\n    | ^\n4001| a"},
		"huge number":     {excerpted(1<<62, 1<<62, 1, "a"), ""},
		"negative number": {excerpted(-1, -1, 1, "a"), ""},
		"another place":   {excerpted(1, 9, 1, "a"), ""},
	} {
		lines, _ := Excerpt(Terminal().Cause(e.cause), 0)
		if got := strings.Join(lines, "\n"); got != e.want {
			t.Errorf("%s: got\n%q\nwant\n%q", name, got, e.want)
		}
	}
	huge := Terminal().Cause(excerpted(1, 1, 5<<20, strings.Repeat("机", 5<<20)))
	if text := huge.Excerpt.Lines[0]; len(text) > maxSourceLine || !utf8.ValidString(text) {
		t.Errorf("a line of %d bytes is left", len(text))
	}
	nowhere := excerpted(1, 1, 1, "a")
	nowhere.Location.File = ""
	if c := Terminal().Cause(nowhere); c.Excerpt != nil {
		t.Error("an excerpt of no file is left")
	}
}

func TestExcerptsAreRedacted(t *testing.T) {
	var secrets redact.Secrets
	secrets.Add("hunter2hunter2")
	r, err := redact.Value(&secrets, result.Report{Causes: []result.Cause{excerpted(1, 1, 1, `token = "hunter2hunter2";`, "# hunter2hunter2")}})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Causes[0].Excerpt.Lines; !slices.Equal(got, []string{`token = "***";`, "# ***"}) {
		t.Errorf("the excerpt is %q", got)
	}
}
