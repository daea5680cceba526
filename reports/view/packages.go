package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// sortByWeight puts first the changes that a reader must know: packages at the base of every
// system, downgrades, new major versions, and what changed the size of the closure.
func sortByWeight(packages []result.PackageChange) {
	slices.SortStableFunc(packages, func(a, b result.PackageChange) int {
		return cmp.Or(
			cmp.Compare(weight(b), weight(a)),
			cmp.Compare(magnitude(b.Size), magnitude(a.Size)),
			cmp.Compare(a.Name, b.Name))
	})
}

// weight says how much a change matters by itself.
func weight(p result.PackageChange) int {
	base := []string{"linux", "systemd", "glibc", "nix", "openssl", "openssh", "mesa", "nvidia-x11"}
	switch i := slices.Index(base, p.Name); {
	case i >= 0:
		return 3 + len(base) - i
	case p.Kind == result.PackageDown, magnitude(p.Size) >= 50_000_000:
		return 3
	case len(p.Before) == 0 || len(p.After) == 0:
		return 1
	case major(p.Before) != major(p.After):
		return 2
	}
	return 0
}

// major returns the newest version up to its first dot.
func major(versions []string) string {
	text, _, _ := strings.Cut(versions[len(versions)-1], ".")
	return text
}

func magnitude(n int64) int64 { return max(n, -max(n, -1<<62)) }

// ChangeText writes a change in one line, such as "↑ linux 6.6.30 → 6.6.31 (+1.2 MB)".
func ChangeText(p result.PackageChange) string {
	text := ChangeSign(p) + " " + cmp.Or(p.Name, "(no name)") + WithPrefix(" ", Versions(p.Before))
	if len(p.Before) > 0 && len(p.After) > 0 {
		text += " →"
	}
	text += WithPrefix(" ", Versions(p.After))
	if p.Size != 0 {
		text += " (" + FormatBytesDelta(p.Size) + ")"
	}
	return text
}

// ChangeSign returns the sign for a change.
func ChangeSign(p result.PackageChange) string {
	switch p.Kind {
	case result.PackageAdded:
		return "+"
	case result.PackageRemoved:
		return "−"
	case result.PackageUp:
		return "↑"
	case result.PackageDown:
		return "↓"
	}
	return "~"
}

// Versions writes the versions of a package. Most packages have one.
func Versions(versions []string) string {
	const limit = 6
	named := Map(versions, func(v string) string { return cmp.Or(v, "(no version)") })
	if more := len(named) - limit; more > 0 {
		named = append(named[:limit], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(named, ", ")
}

// packageCounts counts the packages of a closure by how they changed.
func packageCounts(c *result.ClosureDiff) string {
	n := map[result.VersionChange]int{}
	for _, p := range c.Packages {
		n[p.Kind]++
	}
	return cmp.Or(joinCounts(
		count{n[result.PackageAdded], "added"}, count{n[result.PackageRemoved], "removed"}, count{n[result.PackageUp], "up"},
		count{n[result.PackageDown], "down"}, count{n[result.PackageModified], "changed"}, count{c.Rebuilt, "rebuilt (same version)"}), "no package changed")
}

// SizeRange is the smallest and the largest of several sizes.
type SizeRange struct {
	min, max int64
	any      bool
}

func (s *SizeRange) add(n int64) {
	if !s.any {
		*s = SizeRange{n, n, true}
		return
	}
	s.min, s.max = min(s.min, n), max(s.max, n)
}

// String writes the range as sizes.
func (s SizeRange) String() string { return rangeText(FormatBytes(s.min), FormatBytes(s.max)) }

// Signed writes the range as differences of sizes.
func (s SizeRange) Signed() string {
	return rangeText(FormatBytesDelta(s.min), FormatBytesDelta(s.max))
}

// rangeText names both ends of a range, or one if they look the same.
func rangeText(from, to string) string {
	if from == to {
		return from
	}
	return from + " to " + to
}
