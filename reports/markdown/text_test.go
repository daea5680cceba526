package markdown

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/internal/test/sample"
)

func TestProse(t *testing.T) {
	for in, want := range map[string]string{
		"":                                     "",
		"libfrob-1.2 failed to build (exit 3)": "`libfrob-1.2` failed to build (exit 3)",
		"stops nixos/a, home/b@c and 2 more":   "stops `nixos/a`, `home/b@c` and 2 more",
		"see (nixos/a), f(x) and x.y)!":        "see (`nixos/a`), `f(x)` and `x.y`)!",
		"The option `a.b' does not exist":      "The option `` `a.b' `` does not exist",
		"attribute 'oops' missing":             "attribute 'oops' missing",
		"a && b || c":                          "a `&&` b `||` c",
		"x y_z w* v":                           "x `y_z w*` v",
		"@octocat fixes #12":                   "`@\u200boctocat` fixes `#12`",
		"4f2c1d9 deadbeef":                     "`4f2c1d9 deadbeef`",
		"1m 02s 1.2.3 50%":                     "1m 02s 1.2.3 50%",
		"1234567 GH-1 :tada:":                  "`1234567 GH-1 :tada`:",
		"höst 机器":                              "höst 机器",
		"<!-- x -->":                           "`<! --` x `-->`",
		"`":                                    "`` ` ``",
	} {
		if got := prose(in); got != want {
			t.Errorf("prose(%q) = %s, want %s", in, got, want)
		}
	}
	if got, want := proseHTML("a <b> & @x"), "a <code>&lt;b&gt; &amp; @\u200bx</code>"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFenced(t *testing.T) {
	got := fenced("text", []string{"a", "````", "@b <!-- -->"})
	if want := []string{"`````text", "a", "````", "@\u200bb <! -- -->", "`````"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// FuzzProse puts a text in every place that markdown has for one.
func FuzzProse(f *testing.F) {
	for _, text := range sample.HostileTexts(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		line, lines := sanitizer().Line(text), strings.Split(sanitizer().Head(text), "\n")
		d := &document{}
		d.block("#### ❌ " + prose(line))
		d.block("**x " + prose(line) + "** · " + code(line))
		d.block("| a | "+inCell(code(line))+" |", "|---|---|", "| "+inCell(prose(line))+" | "+inCell(code(line))+" |")
		d.folded(proseHTML(line), func() { d.block(fenced("text", lines)...) })
		d.block("- " + prose(line) + ": " + code(line))
		d.out.WriteString("<sub>" + prose(line) + "</sub>\n")
		page := readMarkdown(d.out.String(), Options{})
		for _, fault := range page.faults {
			t.Errorf("%s in\n%s", fault, d.out.String())
		}
		sample.CheckCommands(t, d.out.String())
		read := asRead(line)
		if dash := cmp.Or(read, "–"); len(page.tables) != 1 || len(page.tables[0]) != 2 || !slices.Equal(page.tables[0][1], []string{read, dash}) {
			t.Errorf("the table is %q, want %q in\n%s", page.tables, read, d.out.String())
		}
		if n := strings.Count(asRead(page.text), read); n < 6 {
			t.Errorf("the text occurs %d times in\n%s", n, d.out.String())
		}
	})
}
