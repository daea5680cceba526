package view

import (
	"slices"

	"github.com/flakeci/flakeci/result"
)

// kindTitles lists the kinds that have no place in the grid, in display order, with their
// plurals.
func kindTitles() [][2]string {
	return [][2]string{
		{"check", "checks"}, {"package", "packages"},
		{"devshell", "dev shells"}, {"formatter", "formatters"},
	}
}

// KindTitle returns the word for several cells of a kind.
func KindTitle(kind string) string {
	for _, k := range kindTitles() {
		if k[0] == kind {
			return k[1]
		}
	}
	return kind
}

// ByKind groups cells by kind: known kinds in display order, then the others as they come.
func ByKind(cells []result.Cell) (kinds []string, groups map[string][]result.Cell) {
	groups = map[string][]result.Cell{}
	var found []string
	for _, c := range cells {
		if groups[c.Kind] == nil {
			found = append(found, c.Kind)
		}
		groups[c.Kind] = append(groups[c.Kind], c)
	}
	for _, k := range kindTitles() {
		if groups[k[0]] != nil {
			kinds = append(kinds, k[0])
		}
	}
	for _, kind := range found {
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds, groups
}
