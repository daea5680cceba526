package resume

import (
	"slices"
	"testing"
)

// A journal that somebody edited may have no terms at all.
func TestDifferingTerms(t *testing.T) {
	for _, c := range []struct {
		a, b map[string]string
		want []string
	}{
		{nil, nil, nil},
		{nil, map[string]string{"nix": "2.34.8"}, []string{"nix"}},
		{map[string]string{"nix": "2.8.0", "kinds": "home"}, map[string]string{"nix": "2.34.8", "kinds": "home"}, []string{"nix"}},
		{map[string]string{"b": "1", "a": "1"}, nil, []string{"a", "b"}},
	} {
		if got := differingTerms(c.a, c.b); !slices.Equal(got, c.want) {
			t.Errorf("%v and %v differ in %q, want %q", c.a, c.b, got, c.want)
		}
	}
}
