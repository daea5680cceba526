package view

import (
	"slices"
	"strings"
	"testing"

	"github.com/flakeci/flakeci/result"
)

func TestHuman(t *testing.T) {
	for seconds, want := range map[float64]string{
		0: "0.0s", 0.04: "0.0s", 3.14: "3.1s", 9.96: "10s", 41.2: "41s", 59.4: "59s", 59.6: "1m 00s",
		134.2: "2m 14s", 3599.7: "1h 00m", 4215: "1h 10m", 90000: "25h 00m", 1e300: "277777h 46m",
	} {
		if got := Seconds(seconds); got != want {
			t.Errorf("%v s: got %q, want %q", seconds, got, want)
		}
	}
}

func TestFit(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"laptop", 6, "laptop"}, {"laptop", 5, "lapt…"}, {"日本語", 6, "日本語"}, {"日本語", 5, "日本…"}, {"日本語", 4, "日…"},
	} {
		if got := Fit(c.in, c.width); got != c.want {
			t.Errorf("fit(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
}

func TestFill(t *testing.T) {
	for _, c := range []struct {
		words string
		sep   string
		width int
		want  []string
	}{
		{"", ",", 9, nil},
		{"a b c", ",", 0, []string{"a, b, c"}},
		{"a b c", ",", 5, []string{"a, b,", "c"}},
		{"a longer-than-that b", "", 4, []string{"a", "longer-than-that", "b"}},
	} {
		if got := Fill(strings.Fields(c.words), c.sep, c.width); !slices.Equal(got, c.want) {
			t.Errorf("fill(%q, %q, %d) = %q, want %q", c.words, c.sep, c.width, got, c.want)
		}
	}
}

func TestFold(t *testing.T) {
	for _, c := range []struct {
		line  string
		width int
		want  []string
	}{
		{"", 5, []string{""}},
		{"a\tb", 0, []string{"a       b"}},
		{"abcdefgh", 5, []string{"abcde", "fgh"}},
		{"abcd fgh", 6, []string{"abcd ", "fgh"}},
		{"a bcdefgh", 6, []string{"a bcde", "fgh"}},
		{"日本語", 5, []string{"日本", "語"}},
	} {
		got := Fold(c.line, c.width)
		if !slices.Equal(got, c.want) {
			t.Errorf("fold(%q, %d) = %q, want %q", c.line, c.width, got, c.want)
		}
	}
}

func TestDedent(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "",
		"a\n  b":                   "a\n  b",
		"\n    a\n\n      b\n  \n": "a\n\n  b\n",
	} {
		if got := dedent(in); got != want {
			t.Errorf("dedent(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestHeadline(t *testing.T) {
	for want, c := range map[string]result.Cause{
		"libfrob failed to build":            {Title: "libfrob failed to build", Cells: []string{"nixos/a"}},
		"the flake does not evaluate: x":     {Title: "does not evaluate: x"},
		"nixos/a does not evaluate: x":       {Title: "does not evaluate: x", Cells: []string{"nixos/a"}},
		"a, b and c do not evaluate: x":      {Title: "does not evaluate: x", Cells: []string{"a", "b", "c"}},
		"4 cells do not evaluate: x":         {Title: "does not evaluate: x", Cells: []string{"a", "b", "c", "d"}},
		"infra failure":                      {Kind: "infra"},
		"packages: does not evaluate: it is": {Title: "packages: does not evaluate: it is"},
	} {
		if got := Headline(c); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestNews(t *testing.T) {
	for want, c := range map[string]result.Cause{
		"":                  {Title: "does not evaluate: x", Message: "x"},
		"more":              {Title: "does not evaluate: x", Message: "x\nmore"},
		"- eth0\n- another": {Title: "does not evaluate: Failed: eth0", Message: "\nFailed:\n- eth0\n- another"},
	} {
		if got := Details(c); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := Details((result.Cause{Title: "does not evaluate: Failed: eth0", Message: "\nFailed:\n- eth0"})); got != "" {
		t.Errorf("what the title says is said again: %q", got)
	}
}
