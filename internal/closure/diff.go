// Package closure compares two closures by package. It is pure; Nix provides the paths and their sizes.
package closure

import (
	"maps"
	"slices"
	"strings"

	"github.com/flakeci/flakeci/result"
)

// Paths are the store paths of a closure, each with its size in bytes.
type Paths map[string]int64

// Diff compares two closures. A path without a version counts as Rebuilt if only its hash differs,
// like any other package: that covers most files of a single system. An added or removed unit or
// file of /etc is a change.
func Diff(before, after Paths) result.ClosureDiff {
	d := result.ClosureDiff{Before: before.size(), After: after.size()}
	old, now := before.packages(), after.packages()
	names := maps.Clone(old)
	maps.Copy(names, now)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		was, is := old[name], now[name]
		p := result.PackageChange{Name: name, Before: was.sorted(), After: is.sorted(), Size: is.size() - was.size()}
		switch {
		case !slices.Equal(p.Before, p.After):
			p.Kind = kind(p.Before, p.After)
			d.Packages = append(d.Packages, p)
		case !maps.Equal(was.paths, is.paths):
			d.Rebuilt++
			d.RebuiltSize += p.Size
		}
	}
	return d
}

// kind compares two lists of versions, each sorted from oldest to newest and without duplicates.
func kind(before, after []string) result.VersionChange {
	switch {
	case len(before) == 0:
		return result.PackageAdded
	case len(after) == 0:
		return result.PackageRemoved
	}
	gone, came := subtract(before, after), subtract(after, before)
	if len(gone) == 0 || len(came) == 0 {
		return result.PackageModified
	}
	oldest := CompareVersions(came[0], gone[0])
	newest := CompareVersions(came[len(came)-1], gone[len(gone)-1])
	switch {
	case min(oldest, newest) >= 0 && max(oldest, newest) > 0:
		return result.PackageUp
	case max(oldest, newest) <= 0 && min(oldest, newest) < 0:
		return result.PackageDown
	}
	return result.PackageModified
}

func subtract(these, those []string) []string {
	return slices.DeleteFunc(slices.Clone(these), func(v string) bool { return slices.Contains(those, v) })
}

// group holds the paths of a package.
type group struct {
	paths    Paths
	versions map[string]bool
}

func (p Paths) packages() map[string]group {
	groups := map[string]group{}
	for path, size := range p {
		name, version := parsePath(path)
		g, ok := groups[name]
		if !ok {
			g = group{paths: Paths{}, versions: map[string]bool{}}
			groups[name] = g
		}
		g.paths[path] = size
		g.versions[version] = true
	}
	return groups
}

func (g group) size() int64 { return g.paths.size() }

func (g group) sorted() []string {
	return slices.SortedFunc(maps.Keys(g.versions), func(a, b string) int {
		if c := CompareVersions(a, b); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
}

func (p Paths) size() int64 {
	var sum int64
	for _, size := range p {
		sum += size
	}
	return sum
}
