package view

import (
	"slices"

	"github.com/flakeci/flakeci/result"
)

// kindTitles lists the kinds that have no place in the grid, in display order, with their
// plurals.
func kindTitles() []kindName {
	return []kindName{
		{result.KindCheck, "checks"}, {result.KindPackage, "packages"},
		{result.KindDevShell, "dev shells"}, {result.KindFormatter, "formatters"},
	}
}

type kindName struct {
	kind  result.Kind
	title string
}

// KindTitle returns the word for several cells of a kind.
func KindTitle(kind result.Kind) string {
	for _, k := range kindTitles() {
		if k.kind == kind {
			return k.title
		}
	}
	return string(kind)
}

// ByKind groups cells by kind: known kinds in display order, then the others in the order in which
// they appear.
func ByKind(cells []result.CellResult) (kinds []result.Kind, groups map[result.Kind][]result.CellResult) {
	groups = map[result.Kind][]result.CellResult{}
	var found []result.Kind
	for _, c := range cells {
		if groups[c.Kind] == nil {
			found = append(found, c.Kind)
		}
		groups[c.Kind] = append(groups[c.Kind], c)
	}
	for _, k := range kindTitles() {
		if groups[k.kind] != nil {
			kinds = append(kinds, k.kind)
		}
	}
	for _, kind := range found {
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds, groups
}
