package matrix

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestNatural(t *testing.T) {
	sorted := []string{"", "10", "a", "a-1", "a1", "a01", "a001", "a2", "a2b", "a10", "a10b2", "a10b10", "a100", "ab", "b", "b9", "b10"}
	got := slices.Clone(sorted)
	rand.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
	slices.SortFunc(got, natural)
	if !slices.Equal(got, sorted) {
		t.Errorf("got %q", got)
	}
}

// natural is a total order: antisymmetric, transitive, and 0 only for equal names.
func FuzzNatural(f *testing.F) {
	f.Add("a01", "a1", "a10")
	f.Add("1a", "a1", "")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if natural(a, b) != -natural(b, a) || (natural(a, b) == 0) != (a == b) {
			t.Errorf("%q and %q: %d and %d", a, b, natural(a, b), natural(b, a))
		}
		if natural(a, b) <= 0 && natural(b, c) <= 0 && natural(a, c) > 0 {
			t.Errorf("%q, %q, %q are not in order", a, b, c)
		}
	})
}
