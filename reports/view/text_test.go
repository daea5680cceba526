package view

import (
	"slices"
	"strings"
	"testing"
)

func TestFit(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"laptop", 6, "laptop"}, {"laptop", 5, "lapt…"}, {"日本語", 6, "日本語"}, {"日本語", 5, "日本…"}, {"日本語", 4, "日…"},
	} {
		if got := Fit(c.in, c.width); got != c.want {
			t.Errorf("Fit(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
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
			t.Errorf("Fill(%q, %q, %d) = %q, want %q", c.words, c.sep, c.width, got, c.want)
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
		{"日本語", 1, []string{"日本語"}},
	} {
		got := Fold(c.line, c.width)
		if !slices.Equal(got, c.want) {
			t.Errorf("Fold(%q, %d) = %q, want %q", c.line, c.width, got, c.want)
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
