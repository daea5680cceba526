package closure

import (
	"slices"
	"testing"
)

// versions are compared pairwise, here and by Nix.
func versions() []string {
	return []string{
		"", "0", "1", "1.", "1.0", "1-0", "01", "1.0.0", "1.9", "1.10", "2.3", "2.3.1", "2.3a", "2.3c", "2.3pre1", "2.3pre3", "2.3.pre",
		"pre", "a", "b", "ab", "1pre", "1.0-rc1", "1.0rc", "unstable-2024-01-01", "unstable-2024-02-01", "0-unstable-2024-01-01",
		"20240101", "2147483647", "2147483648", "99999999999", "20250101120000", "20240101120000", "-", "..", "1..2", "1.2", ".service",
		"25.05.20250101.0a1b2c3", "25.05.20250201.9f8e7d6", "2.40-36", "2.40-218", "1_2", "1+2", "é",
	}
}

func TestVersionsHaveAnOrder(t *testing.T) {
	sorted := slices.SortedFunc(slices.Values(versions()), CompareVersions)
	for i, a := range sorted {
		for _, b := range sorted[i:] {
			if CompareVersions(a, b) > 0 || CompareVersions(b, a) < 0 {
				t.Errorf("%q comes before %q", a, b)
			}
		}
	}
}

func FuzzCompareVersions(f *testing.F) {
	for _, a := range versions() {
		f.Add(a, "1.0pre", "2")
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if CompareVersions(a, a) != 0 || CompareVersions(a, b) != -CompareVersions(b, a) {
			t.Errorf("%q and %q: %d, %d", a, b, CompareVersions(a, b), CompareVersions(b, a))
		}
		if CompareVersions(a, b) <= 0 && CompareVersions(b, c) <= 0 && CompareVersions(a, c) > 0 {
			t.Errorf("%q, %q, %q have no order", a, b, c)
		}
	})
}

func FuzzParseName(f *testing.F) {
	f.Add("glibc-2.40-36")
	f.Add("--")
	f.Fuzz(func(t *testing.T, s string) {
		name, version := ParseName(s)
		if version != "" && name+"-"+version != s || version == "" && name != s {
			t.Errorf("%q is %q and %q", s, name, version)
		}
	})
}
