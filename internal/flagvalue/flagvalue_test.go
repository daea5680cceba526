package flagvalue

import (
	"slices"
	"testing"
)

// A number without a unit would be bytes, which nobody means.
func TestValues(t *testing.T) {
	for text, want := range map[string]int64{"4GiB": 4 << 30, "900MB": 900e6, "1k": 1000, "4": 0, "0GiB": 0, "-1GiB": 0, "much": 0, "8EiB": 0} {
		var size ByteSize
		if err := size.Set(text); (err == nil) != (want > 0) || int64(size) != want {
			t.Errorf("size %q: %d, %v; want %d", text, size, err, want)
		}
		if got := size.OrElse(7); got != max(want, 7) {
			t.Errorf("size %q or else 7: %d", text, got)
		}
	}
	for text, want := range map[string]int{"3": 3, "0": 0, "-1": 0, "1.5": 0, "": 0} {
		var n Count
		if err := n.Set(text); (err == nil) != (want > 0) || int(n) != want {
			t.Errorf("count %q: %d, %v; want %d", text, n, err, want)
		}
	}
	var builders Optional
	if builders.Given != nil || builders.Set("") != nil || builders.Given == nil || *builders.Given != "" {
		t.Error("an empty value is no value")
	}
}

// Two values reach the flag as they were written, whatever they contain.
func TestPairs(t *testing.T) {
	flags := []string{"--override-input", "--option"}
	args, short := JoinPairs([]string{"run", "--option", "a=b", "--", "x", "--option"}, flags)
	if short != "--option" {
		t.Errorf("two words were taken from %q, without %q", args, short)
	}
	args, short = JoinPairs([]string{"run", "--option", "a=b", " ", "--", "--option"}, flags)
	if short != "" || len(args) != 4 || !slices.Equal(args[2:], []string{"--", "--option"}) {
		t.Fatalf("%q, %q is too short", args, short)
	}
	var p Pairs
	if err := p.Set(args[1][len("--option="):]); err != nil || !slices.Equal(p, Pairs{{"a=b", " "}}) {
		t.Errorf("%q, %v", p, err)
	}
	if err := p.Set("--option=alone"); err == nil {
		t.Error("one value is a pair")
	}
}
